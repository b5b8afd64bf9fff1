package server

import "github.com/sunray-ds/utdsd/schema"

// referenceURLs makes the URLs of a SearchResultReference from the ref values
// of a referral entry (RFC 3296 5.2): they point to the entry's own name, with
// the scope that remains to be searched there.
func referenceURLs(v *schema.View, scope schema.Scope) []string {
	a, ok := v.Find("ref")
	if !ok {
		return nil
	}
	var out []string
	for vals := a.Values; ; {
		ref, more, ok := schema.NextValue(vals)
		if !ok {
			return out
		}
		vals = more
		if u, ok := schema.ReferralURL(ref, string(v.DN), &scope); ok {
			out = append(out, u)
		}
	}
}
