package backend

// Aliases: entries that stand for another (RFC 4512 2.6), followed as a search
// asks (RFC 4511 4.5.1.3).

import (
	"bytes"
	"errors"

	"github.com/sunray-ds/utdsd/schema"
)

// Bounds of following: chains of aliases, and bases of one search.
const (
	maxAliasChain  = 16
	maxAliasedBase = 1000
)

// follow finds the entry that key stands for when aliases in it are followed,
// and returns that entry's key. A name that is not there is not an error here.
func (rd *reader) follow(key []byte) ([]byte, error) {
	key = bytes.Clone(key)
	for range maxAliasChain {
		alias, err := rd.aliasIn(key)
		if err != nil || alias == nil {
			return key, err
		}
		target, err := rd.aliased(alias)
		if err != nil {
			return nil, err
		}
		key = append(target, key[len(alias):]...)
	}
	return nil, schema.Refuse(schema.LoopDetect, "aliases lead in a circle or too far")
}

// aliasIn finds the alias entry that key is or lies below; nil if none. Entries
// below an alias do not exist, so there is at most one.
func (rd *reader) aliasIn(key []byte) ([]byte, error) {
	for k := key; rd.s.holds(k); k = schema.KeyParent(k) {
		_, kind, found, err := rd.id(k)
		if err != nil {
			return nil, err
		}
		if found {
			if kind&schema.KindAlias != 0 {
				return k, nil
			}
			return nil, nil
		}
	}
	return nil, nil
}

// aliased gives the key of the entry that the alias with the given key names,
// in new memory. What it names must exist in this store.
func (rd *reader) aliased(alias []byte) ([]byte, error) {
	if _, err := rd.named(alias); err != nil {
		return nil, err
	}
	a, _ := rd.view.Find("aliasedObjectName")
	dn, _, ok := schema.NextValue(a.Values)
	if !ok {
		return nil, schema.Refuse(schema.AliasProblem, "alias names nothing")
	}
	target, err := rd.s.schema.AppendDNKey(nil, dn)
	if err != nil || !rd.s.holds(target) {
		return nil, schema.Refuse(schema.AliasDereferencingProblem, "alias names an entry outside of this store")
	}
	if inner, err := rd.aliasIn(target); err != nil || inner != nil {
		return target, err // one more alias to follow
	}
	if _, _, found, err := rd.id(target); err != nil || found {
		return target, err
	}
	res := schema.Refuse(schema.AliasProblem, "alias names an entry that does not exist")
	res.MatchedDN = string(rd.view.DN)
	return nil, res
}

// followAll finds the further bases of a search that follows the aliases in its
// scope. Bases that lie in the scope of another are left out, so that no entry
// is found twice. An alias that leads nowhere is passed over, as slapd does.
func (sl *slice) followAll() error {
	res := &sl.q.Resume
	deep := res.Scope != schema.ScopeOne
	all := []schema.SearchBase{{Key: bytes.Clone(res.Base), Scope: res.Scope}}
	for i := 0; i < len(all) && (i == 0 || deep); i++ {
		for _, alias := range sl.t.special.aliases {
			base := all[i]
			if !schema.KeyInScope(alias, base.Key, base.Scope) || bytes.Equal(alias, base.Key) {
				continue
			}
			target, err := sl.follow(alias)
			if refused := (*schema.Result)(nil); errors.As(err, &refused) {
				continue
			}
			if err != nil {
				return err
			}
			scope := schema.ScopeBase
			if deep {
				scope = schema.ScopeSub
			}
			if inAny(all, target) {
				continue
			}
			if len(all) == maxAliasedBase {
				return schema.Refuse(schema.AdminLimitExceeded, "too many aliases")
			}
			all = append(all, schema.SearchBase{Key: target, Scope: scope})
		}
	}
	all = outermost(all)
	res.Base, res.Scope, res.More = append(res.Base[:0], all[0].Key...), all[0].Scope, all[1:]
	return nil
}

func inAny(all []schema.SearchBase, key []byte) bool {
	for _, b := range all {
		if schema.KeyInScope(key, b.Key, b.Scope) {
			return true
		}
	}
	return false
}

// outermost leaves out the bases whose whole scope another one has.
func outermost(all []schema.SearchBase) []schema.SearchBase {
	var out []schema.SearchBase
	for i, b := range all {
		covered := false
		for j, o := range all {
			covered = covered || i != j && o.Scope == schema.ScopeSub && schema.KeyInScope(b.Key, o.Key, o.Scope)
		}
		if !covered {
			out = append(out, b)
		}
	}
	return out
}
