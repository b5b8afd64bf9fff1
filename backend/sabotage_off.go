//go:build !sabotage_nosync && !sabotage_splitpos && !sabotage_noverify && !sabotage_noproof

package backend

// Faults that only builds with a tag have, one at a time; see the files beside
// this one. The compiler removes what depends on them.
const (
	sabotageNoSync        = false
	sabotageSplitPosition = false
	sabotageNoVerify      = false
	sabotageNoProof       = false
)
