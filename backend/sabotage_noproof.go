//go:build sabotage_noproof

package backend

// A faulty build, by which tests of lost power show that they can fail: the last
// commit is believed though its pages may not have reached the disk.
const (
	sabotageNoSync        = false
	sabotageSplitPosition = false
	sabotageNoVerify      = false
	sabotageNoProof       = true
)
