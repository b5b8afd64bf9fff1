package server

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/schema"
)

// trial is an operation of which the table tells who may do it.
type trial struct {
	name string
	run  func(c *ldap.Conn) error
	want string // result codes for anonymous, u0000, utadmin, root DN
}

var identities = []struct{ dn, password string }{
	{"", ""}, {userDN(0), "hidden value"}, {utadmin, "utadmin secret"}, {adminDN, adminSecret},
}

// codeOf is the result code of an operation; of a search that found nothing "-".
func codeOf(err error) string {
	var e *ldap.Error
	switch {
	case err == nil:
		return "0"
	case ldap.IsErrorWithCode(err, ldap.LDAPResultCompareTrue):
		return "6"
	case err == errNothing:
		return "-"
	}
	if ok := asLDAP(err, &e); ok {
		return fmt.Sprint(e.ResultCode)
	}
	return err.Error()
}

func asLDAP(err error, e **ldap.Error) bool {
	x, ok := err.(*ldap.Error)
	*e = x
	return ok
}

var errNothing = fmt.Errorf("nothing was found or shown")

// sees searches and wants the attribute in the answer.
func sees(base string, scope int, filter, attr string) func(*ldap.Conn) error {
	return func(c *ldap.Conn) error {
		r, err := c.Search(ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, 0, 0, false, filter, []string{"*", "+"}, nil))
		if err != nil {
			return err
		}
		for _, e := range r.Entries {
			if attr == "" || e.GetAttributeValue(attr) != "" {
				return nil
			}
		}
		return errNothing
	}
}

func compares(dn, attr, value string) func(*ldap.Conn) error {
	return func(c *ldap.Conn) error {
		_, err := c.Compare(dn, attr, value)
		return err
	}
}

func modifies(dn, attr, value string) func(*ldap.Conn) error {
	return func(c *ldap.Conn) error {
		q := ldap.NewModifyRequest(dn, nil)
		q.Replace(attr, []string{value})
		return c.Modify(q)
	}
}

func adds(dn string) func(*ldap.Conn) error {
	return func(c *ldap.Conn) error {
		q := ldap.NewAddRequest(dn, nil)
		q.Attribute("objectClass", []string{"inetOrgPerson"})
		q.Attribute("sn", []string{"new"})
		q.Attribute("cn", []string{strings.TrimPrefix(strings.Split(dn, ",")[0], "cn=")})
		return c.Add(q)
	}
}

func deletes(dn string) func(*ldap.Conn) error {
	return func(c *ldap.Conn) error { return c.Del(ldap.NewDelRequest(dn, nil)) }
}

func renames(dn, rdn, superior string) func(*ldap.Conn) error {
	return func(c *ldap.Conn) error { return c.ModifyDN(ldap.NewModifyDNRequest(dn, rdn, true, superior)) }
}

func setsPassword(dn string) func(*ldap.Conn) error {
	return func(c *ldap.Conn) error {
		_, err := c.PasswordModify(ldap.NewPasswordModifyRequest(dn, "", "another"))
		return err
	}
}

// try runs every trial as every identity, each in a fresh world.
func try(t *testing.T, rules []AccessRule, trials []trial) {
	for _, tr := range trials {
		var got []string
		for _, id := range identities {
			w := newWorld(t, func(o *Options) { o.Access = rules })
			w.users(3)
			c, err := ldap.DialURL("ldap://" + w.addr)
			if err != nil {
				t.Fatal(err)
			}
			if id.dn != "" {
				if err := c.Bind(id.dn, id.password); err != nil {
					t.Fatalf("bind as %s: %v", id.dn, err)
				}
			}
			got = append(got, codeOf(tr.run(c)))
			c.Close()
			w.close()
		}
		if s := strings.Join(got, " "); s != tr.want {
			t.Errorf("%s: anonymous, user, utadmin, root DN get %s, want %s", tr.name, s, tr.want)
		}
	}
}

func TestEveryoneReadsAllButPasswordsAndTwoIdentitiesWrite(t *testing.T) {
	try(t, nil, []trial{
		{"read", sees(userDN(1), 0, "(objectClass=*)", "sn"), "0 0 0 0"},
		{"read a password", sees(userDN(1), 0, "(objectClass=*)", "userPassword"), "- - 0 0"},
		{"read the own password", sees(userDN(0), 0, "(objectClass=*)", "userPassword"), "- - 0 0"},
		{"ask for a password", sees(people, 1, "(userPassword=hidden value)", ""), "- - 0 0"},
		{"ask for no password", sees(people, 1, "(!(userPassword=x))", ""), "- - 0 0"},
		{"compare", compares(userDN(1), "sn", "s1"), "0 0 0 0"},
		{"compare a password", compares(userDN(1), "userPassword", "hidden value"), "50 50 0 0"},
		{"modify", modifies(userDN(1), "sn", "x"), "8 50 0 0"},
		{"modify oneself", modifies(userDN(0), "sn", "x"), "8 50 0 0"},
		{"add", adds("cn=new," + people), "8 50 0 0"},
		{"delete", deletes(userDN(1)), "8 50 0 0"},
		{"rename", renames(userDN(1), "cn=other", ""), "8 50 0 0"},
		{"move", renames(userDN(1), "cn=u0001", suffix), "8 50 0 0"},
		{"set another's password", setsPassword(userDN(1)), "8 50 0 0"},
		{"set the own password", setsPassword(userDN(0)), "8 50 0 0"},
		{"root DSE", sees("", 0, "(objectClass=*)", "namingContexts"), "0 0 0 0"},
	})
}

func TestRulesDifferFromEntryToEntry(t *testing.T) {
	try(t, []AccessRule{
		{Who: "self", Attributes: []string{"userPassword"}, Right: "write"},
		{Who: "self", Attributes: []string{"description"}, Right: "write"},
		{Who: "writers", Subtree: people, Right: "write"},
		{Who: "anyone", Attributes: []string{"userPassword"}, Right: "none"},
		{Who: "dn=" + userDN(0), Subtree: userDN(2), Right: "none"},
		{Who: "subtree=" + people, Attributes: []string{"employeeNumber"}, Right: "search"},
		{Who: "users", Right: "read"},
		{Who: "anonymous", Subtree: userDN(1), Attributes: []string{"sn"}, Right: "compare"},
		{Who: "anonymous", Subtree: userDN(1), Right: "read"},
	}, []trial{
		{"read", sees(userDN(1), 0, "(objectClass=*)", "cn"), "0 0 0 0"},
		{"read what may be compared", sees(userDN(1), 0, "(objectClass=*)", "sn"), "- 0 0 0"},
		{"compare", compares(userDN(1), "sn", "s1"), "0 0 0 0"},
		{"ask for what may be compared", sees(userDN(1), 0, "(sn=s1)", ""), "- 0 0 0"},
		{"not what may be compared", sees(userDN(1), 0, "(!(sn=zzz))", ""), "- 0 0 0"},
		{"read what may be asked for", sees(userDN(1), 0, "(objectClass=*)", "employeeNumber"), "0 - 0 0"},
		{"ask", sees(userDN(1), 0, "(employeeNumber=1)", ""), "0 0 0 0"},
		{"a hidden entry", sees(userDN(2), 0, "(objectClass=*)", ""), "32 32 0 0"},
		{"a hidden entry among others", sees(suffix, 2, "(cn=u0002)", ""), "32 - 0 0"},
		{"compare in a hidden entry", compares(userDN(2), "cn", "u0002"), "32 32 0 0"},
		{"write outside of the writers' subtree", modifies(people[len("ou=people,"):], "description", "x"), "8 50 50 0"},
		{"write within it", modifies(userDN(2), "sn", "x"), "8 50 0 0"},
		{"move out of it", renames(userDN(1), "cn=u0001", suffix), "8 50 50 0"},
		{"write the own description", modifies(userDN(0), "description", "x"), "8 0 0 0"},
		{"write the own name", modifies(userDN(0), "sn", "x"), "8 50 0 0"},
		{"write another's description", modifies(userDN(1), "description", "x"), "8 50 0 0"},
		{"set the own password", setsPassword(userDN(0)), "8 0 0 0"},
		{"set another's password", setsPassword(userDN(1)), "8 50 0 0"},
	})
}

func TestWithoutRulesOnlyTheRootDNSeesAnything(t *testing.T) {
	try(t, []AccessRule{}, []trial{
		{"read", sees(people, 1, "(objectClass=*)", ""), "32 32 32 0"},
		{"write", modifies(userDN(0), "sn", "x"), "8 50 50 0"},
		{"root DSE", sees("", 0, "(objectClass=*)", "namingContexts"), "0 0 0 0"},
	})
}

func TestBrokenAccessRulesAreRefused(t *testing.T) {
	s, err := schema.Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []AccessRule{
		{Who: "everybody", Right: "read"}, {Who: "", Right: "read"}, {Who: "dn=", Right: "read"}, {Who: "dn=x", Right: "read"},
		{Who: "anyone", Right: "own"}, {Who: "anyone"}, {Who: "anyone", Subtree: "x", Right: "read"},
		{Who: "anyone", Attributes: []string{"noSuchType"}, Right: "read"}, {Who: "self=x", Right: "read"},
	} {
		if _, err := compileAccess(s, []AccessRule{r}); err == nil {
			t.Errorf("%+v was taken", r)
		}
	}
}

// What a rule hides must not be found out by asking in a roundabout way.
func TestHiddenAttributesCannotBeGuessed(t *testing.T) {
	for _, uniform := range []bool{true, false} {
		w := newWorld(t, func(o *Options) {
			hide := AccessRule{Who: "anyone", Attributes: []string{"sn"}, Right: "none"}
			if !uniform {
				hide.Subtree = people
			}
			o.Access = []AccessRule{hide, {Who: "anyone", Right: "read"}}
		})
		w.users(1)
		c := w.dial()
		for _, f := range []string{"(sn=s0)", "(name=s0)", "(:caseIgnoreMatch:=s0)", "(!(sn=x))", "(!(name=x))", "(|(sn=s0)(name=s0)(2.5.4.4=s0))", "(name=s*)", "(sn=*)"} {
			if got := c.search(ask{base: userDN(0), filter: f}).wantCode(c, schema.Success); len(got.names) != 0 {
				t.Errorf("%s finds %v", f, got.names)
			}
			c.search(ask{base: userDN(0), controls: control1(oidAssertion, true, filterBytes(f))}).wantCode(c, schema.AssertionFailed)
			c.do(compare(userDN(0), "cn", "u0000"), 0x6f, schema.AssertionFailed, control1(oidAssertion, true, filterBytes(f)))
		}
		c.search(ask{base: userDN(0), filter: "(cn=u0000)", attrs: []string{"name"}}).wantLines(c, "cn: u0000")
		c.do(compare(userDN(0), "name", "s0"), 0x6f, schema.InsufficientAccessRights)
		c.do(compare(userDN(0), "cn", "u0000"), 0x6f, schema.CompareTrue)
	}
}

func TestMatchedDNNamesNoHiddenEntry(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Access = []AccessRule{{Who: "anyone", Subtree: people, Right: "none"}, {Who: "anyone", Right: "write"}}
	})
	c, all := w.dial(), w.admin()
	for _, x := range []struct {
		c    *client
		want string
	}{{c, ""}, {all, people}} {
		if r := x.c.search(ask{base: "cn=x,cn=y," + people}).wantCode(c, schema.NoSuchObject).done.Result; r.MatchedDN != x.want {
			t.Errorf("matched DN %q, want %q", r.MatchedDN, x.want)
		}
	}
	if r := c.search(ask{base: "cn=x," + suffix}).wantCode(c, schema.NoSuchObject).done.Result; r.MatchedDN != suffix {
		t.Errorf("matched DN %q", r.MatchedDN)
	}
	if r := c.do(replace("cn=x,"+suffix, "sn", "x"), 0x67, schema.NoSuchObject).Result; r.MatchedDN != suffix {
		t.Errorf("matched DN %q", r.MatchedDN)
	}
}
