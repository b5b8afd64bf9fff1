//go:build sabotage_noverify

package backend

// A faulty build, by which tests of replication show that they can fail: the
// result of a batch is not compared with the state of the provider.
const (
	sabotageNoSync        = false
	sabotageSplitPosition = false
	sabotageNoVerify      = true
	sabotageNoProof       = false
)
