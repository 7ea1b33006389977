// One replica of each child, which leads: Replication with factor 1 and ActivePassive, so that
// every singleton has an epoch too.
#pragma once

#include "redundancy/replication.h"

namespace processhub::redundancy {

class Singularity final : public Replication {
 public:
  // Of the spec only how a pod is told counts.
  explicit Singularity(const api::ReplicationSpec& spec)
      : Replication({.factor = 1,
                     .model = api::ReplicationModel::kActivePassive,
                     .signal = spec.signal,
                     .http = spec.http}) {}
};

}  // namespace processhub::redundancy
