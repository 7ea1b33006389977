module processhub.io/benchmarks/placement

go 1.22

require (
	github.com/buraksezer/consistent v0.10.0
	github.com/cespare/xxhash/v2 v2.3.0
	stathat.com/c/consistent v1.0.0
)
