// limits.go: what one message may hold.

package wire

// Limits bounds what is decoded of one message, so that the work for a few
// bytes stays small. Those with a nil *Limits, and the values of controls, have
// the defaults.
type Limits struct {
	Controls    int // of one message
	FilterDepth int // nested And, Or and Not
	FilterItems int // nodes and parts of substrings of one filter
	Attributes  int // that one search asks for
	Values      int // modifications, attributes and values of one add or modify
}

// DefaultLimits are the Max constants.
func DefaultLimits() Limits {
	return Limits{MaxControls, MaxFilterDepth, MaxFilterItems, MaxAttributes, MaxValues}
}

// max are the limits that hold for r.
func (r *reader) max() Limits {
	if r.limits == nil {
		return DefaultLimits()
	}
	return *r.limits
}
