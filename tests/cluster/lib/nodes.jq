# What curl's configuration file says to create the nodes named in $ARGS.positional.
#
# $first numbers them: a node's zone (unless $zone says which) and address follow
# from its number. Every node has a loopback address of its own and names the same
# port as its kubelet's: nothing listens there, but a test may.
#
# $ready: they are Ready from the start. KWOK would patch each one's status some six
# times until it has seen its own patch: many seconds with 1,000 nodes.

def node($name; $number):
  {cpu: "256", memory: "1Ti", "ephemeral-storage": "1Ti", pods: "5000"} as $resources
  | (now | todate) as $now
  | {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: $name,
        labels: {
          kwok: "on",
          "kubernetes.io/hostname": $name,
          "kubernetes.io/os": "linux",
          "kubernetes.io/arch": "amd64",
          # The node controller would add these two, by one more write for each node.
          "beta.kubernetes.io/os": "linux",
          "beta.kubernetes.io/arch": "amd64",
          "topology.kubernetes.io/region": "local",
          "topology.kubernetes.io/zone":
            (if $zone != "" then $zone else "zone-" + ([97 + $number % $zones] | implode) end)
        }
      },
      status: {
        capacity: $resources,
        allocatable: $resources,
        addresses: [
          { type: "InternalIP",
            address: "127.\(16 + $number / 62500 | floor).\($number / 250 % 250 | floor).\(1 + $number % 250)" },
          { type: "Hostname", address: $name }
        ],
        daemonEndpoints: {kubeletEndpoint: {Port: $port}},
        nodeInfo: {
          kubeletVersion: $version, operatingSystem: "linux", architecture: "amd64",
          containerRuntimeVersion: "kwok", kernelVersion: "kwok", osImage: "simulated",
          bootID: "", machineID: "", systemUUID: "", kubeProxyVersion: ""
        },
        conditions: [
          if $ready then
            ["Ready", "KubeletReady", "True"],
            ["MemoryPressure", "KubeletHasSufficientMemory", "False"],
            ["DiskPressure", "KubeletHasNoDiskPressure", "False"],
            ["PIDPressure", "KubeletHasSufficientPID", "False"],
            ["NetworkUnavailable", "RouteCreated", "False"]
            | { type: .[0], reason: .[1], status: .[2],
                lastHeartbeatTime: $now, lastTransitionTime: $now }
          else empty end
        ]
      }
    };

[ range($ARGS.positional | length)
  | node($ARGS.positional[.]; $first + .)
  # A transfer takes no option over from the one before it. Twice tojson: a JSON
  # text, in the quotes and escapes that curl wants around a string.
  | $curlrc
    + "url = \($url)\n"
    + "header = \"Content-Type: application/json\"\n"
    + "output = /dev/null\n"
    + "write-out = \"%{http_code} \(.metadata.name)\\n\"\n"
    + "data-raw = \(tojson | tojson)\n"
] | join("next\n")
