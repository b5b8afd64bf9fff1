//go:build sabotage_splitpos

package backend

// A faulty build, by which tests of killed servers show that they can fail: the
// state is written in a transaction behind that of the changes.
const (
	sabotageNoSync        = false
	sabotageSplitPosition = true
	sabotageNoVerify      = false
	sabotageNoProof       = false
)
