package backend

// Referral objects: entries that say where else to ask (RFC 3296).

import (
	"strings"

	"github.com/sunray-ds/utdsd/schema"
)

// referNoScope asks for URLs without a scope: the operation is no search.
const referNoScope = -1

// referred answers with a referral if key is at or below a referral entry
// (RFC 3296 5.2); nil if it is not. dn is the name as the client wrote it, nil
// if that is not known.
func (rd *reader) referred(key, dn []byte, scope int) error {
	return rd.referredAt(key, key, dn, scope)
}

// referredAt is referred for a target whose entry is not there yet: key is that
// of its parent.
func (rd *reader) referredAt(key, target, dn []byte, scope int) error {
	above := rd.t.special.referralAbove(key)
	if above == nil {
		return nil
	}
	found, err := rd.named(above)
	if err != nil {
		return err
	}
	if !found {
		return rd.s.seals.names.damage(above, "referral is missing")
	}
	rest, _, _ := schema.SplitDN(string(dn), schema.KeyDepth(target)-schema.KeyDepth(above))
	res := schema.Refuse(schema.ReferralResult, "")
	res.MatchedDN = string(rd.view.DN)
	res.Referrals = referralURLs(&rd.view, rest, scope)
	return res
}

// referralURLs are the values of ref, made to name the target: rest is the part
// of its name that lies below the referral.
func referralURLs(v *schema.View, rest string, scope int) []string {
	var sc *schema.Scope
	if scope != referNoScope {
		s := schema.Scope(scope)
		sc = &s
	}
	var out []string
	a, ok := v.Find("ref")
	for values := a.Values; ok; {
		ref, more, has := schema.NextValue(values)
		if !has {
			break
		}
		values = more
		url, isLDAP := schema.ReferralURL(ref, string(v.DN), sc)
		switch {
		case !isLDAP:
			url, _, _ = strings.Cut(string(ref), " ")
		case rest != "":
			host := strings.Index(url, "://") + len("://")
			path := host + strings.IndexByte(url[host:], '/') + 1
			url = url[:path] + schema.EscapeURL(rest+",") + url[path:]
		}
		out = append(out, url)
	}
	return out
}
