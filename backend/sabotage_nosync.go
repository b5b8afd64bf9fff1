//go:build sabotage_nosync

package backend

// A faulty build, by which tests of lost power show that they can fail: changes
// are acknowledged before they are on disk.
const (
	sabotageNoSync        = true
	sabotageSplitPosition = false
	sabotageNoVerify      = false
	sabotageNoProof       = false
)
