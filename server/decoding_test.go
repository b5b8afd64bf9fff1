package server

import (
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

func TestLimitsOfOneRequestAreThoseOfTheOptions(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Limits = Limits{FilterDepth: 2, FilterItems: 3, Attributes: 2, Values: 3, Controls: 1}
	})
	c := w.admin()
	base := ask{base: suffix, scope: schema.ScopeBase}
	search := func(a ask, code schema.ResultCode) {
		t.Helper()
		c.search(a).wantCode(c, code)
	}
	with := func(change func(*ask)) ask { a := base; change(&a); return a }
	search(with(func(a *ask) { a.filter = "(&(o=a)(o=b))" }), schema.Success)
	search(with(func(a *ask) { a.filter = "(&(!(o=a)))" }), schema.AdminLimitExceeded)
	search(with(func(a *ask) { a.filter = "(&(o=a)(o=b)(o=c))" }), schema.AdminLimitExceeded)
	search(with(func(a *ask) { a.attrs = []string{"o", "cn"} }), schema.Success)
	search(with(func(a *ask) { a.attrs = []string{"o", "cn", "sn"} }), schema.AdminLimitExceeded)
	two := append(control1("1.2.3", false, nil), control1("1.2.4", false, nil)...)
	search(with(func(a *ask) { a.controls = two }), schema.UnwillingToPerform)
	c.do(replace(people, "description", "a"), wire.TagModifyResponse, schema.Success)
	c.do(replace(people, "description", "a", "b", "c"), wire.TagModifyResponse, schema.AdminLimitExceeded)
	add := wire.AddRequest{DN: []byte("cn=x," + people), Attributes: rawAttributes("objectClass: person", "cn: x", "sn: x")}
	c.do(wiretest.Add(&add), wire.TagAddResponse, schema.AdminLimitExceeded)
}
