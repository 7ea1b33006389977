#include "api/merge_schema.h"

#include <array>

namespace processhub::api {
namespace {

constexpr MergeShape kPlain;

constexpr std::array kMetadataFields{
    MergeField{.name = "finalizers", .merges = true, .shape = &kPlain},
    MergeField{.name = "ownerReferences", .merges = true, .key = "uid", .shape = &kPlain},
};
constexpr MergeShape kMetadata{kMetadataFields};

constexpr std::array kContainerFields{
    MergeField{.name = "env", .merges = true, .key = "name", .shape = &kPlain},
    MergeField{.name = "ports", .merges = true, .key = "containerPort", .shape = &kPlain},
    MergeField{.name = "volumeDevices", .merges = true, .key = "devicePath", .shape = &kPlain},
    MergeField{.name = "volumeMounts", .merges = true, .key = "mountPath", .shape = &kPlain},
};
constexpr MergeShape kContainer{kContainerFields};

constexpr std::array kClaimTemplateFields{MergeField{.name = "metadata", .shape = &kMetadata}};
constexpr MergeShape kClaimTemplate{kClaimTemplateFields};
constexpr std::array kEphemeralFields{
    MergeField{.name = "volumeClaimTemplate", .shape = &kClaimTemplate}};
constexpr MergeShape kEphemeral{kEphemeralFields};
constexpr std::array kVolumeFields{MergeField{.name = "ephemeral", .shape = &kEphemeral}};
constexpr MergeShape kVolume{kVolumeFields};

constexpr std::array kPodSpecFields{
    MergeField{.name = "containers", .merges = true, .key = "name", .shape = &kContainer},
    MergeField{.name = "ephemeralContainers", .merges = true, .key = "name", .shape = &kContainer},
    MergeField{.name = "hostAliases", .merges = true, .key = "ip", .shape = &kPlain},
    MergeField{.name = "imagePullSecrets", .merges = true, .key = "name", .shape = &kPlain},
    MergeField{.name = "initContainers", .merges = true, .key = "name", .shape = &kContainer},
    MergeField{.name = "resourceClaims", .merges = true, .key = "name", .shape = &kPlain},
    MergeField{.name = "schedulingGates", .merges = true, .key = "name", .shape = &kPlain},
    MergeField{.name = "topologySpreadConstraints",
               .merges = true,
               .key = "topologyKey",
               .shape = &kPlain},
    MergeField{.name = "volumes", .merges = true, .key = "name", .shape = &kVolume},
};
constexpr MergeShape kPodSpec{kPodSpecFields};

constexpr std::array kPodTemplateFields{
    MergeField{.name = "metadata", .shape = &kMetadata},
    MergeField{.name = "spec", .shape = &kPodSpec},
};
constexpr MergeShape kPodTemplate{kPodTemplateFields};

}  // namespace

const MergeShape& pod_template_shape() { return kPodTemplate; }

MergeField merge_field(const MergeShape& shape, std::string_view name) {
  for (const MergeField& field : shape.fields) {
    if (field.name == name) return field;
  }
  return {.name = name, .shape = &kPlain};
}

}  // namespace processhub::api
