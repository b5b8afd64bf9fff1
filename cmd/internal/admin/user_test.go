package admin

import (
	"reflect"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

func TestUserFieldsAreReadAsTheGuideWritesThem(t *testing.T) {
	for _, c := range []struct {
		line  string
		want  User
		fault string
	}{
		{"mondex.9998007668077709,localhost,7007,Jane Doe,E421", User{Token: "mondex.9998007668077709", Server: "localhost", Port: 7007, Name: "Jane Doe", Other: "E421"}, ""},
		{"mondex.1,ray2,7100,Jane Doe", User{Token: "mondex.1", Server: "ray2", Port: 7100, Name: "Jane Doe"}, ""},
		{"mondex.1,,,Jane Doe,", User{Token: "mondex.1", Server: "localhost", Port: 7007, Name: "Jane Doe"}, ""},
		{"mondex.1,localhost,7007", User{}, "3 fields"},
		{"a,b,1,c,d,e", User{}, "6 fields"},
		{",localhost,7007,Jane", User{}, "token is empty"},
		{"mondex.1,localhost,7007,", User{}, "name is empty"},
		{"mondex.1,localhost,70070,Jane", User{}, "not a port"},
		{"mondex.1,localhost,x,Jane", User{}, "not a port"},
	} {
		got, err := ParseUser(strings.Split(c.line, ","))
		if got != c.want || (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%q: %+v, %v", c.line, got, err)
		}
		if err == nil {
			again, err := ParseUser(got.Fields())
			if err != nil || !reflect.DeepEqual(again, got) {
				t.Errorf("%q does not come back: %+v, %v", c.line, again, err)
			}
		}
	}
}

func TestTokenAndOwnerMakeOneLine(t *testing.T) {
	token := ldap.NewEntry("utname=T1,utname=tokens,o=v1", map[string][]string{"utname": {"t1"}, "uttoken": {"T1"}, "utport": {"7007"}})
	owner := ldap.NewEntry("utname=u,o=v1", map[string][]string{"cn": {"C. Name"}, "utserver": {"ray1"}, "utotherinfo": {"E1"}, "utport": {"1"}})
	if got, want := join(token, owner), (User{Token: "T1", Server: "ray1", Port: 7007, Name: "C. Name", Other: "E1"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := join(token, nil), (User{Token: "T1", Port: 7007}); got != want {
		t.Errorf("a token of nobody: %+v, want %+v", got, want)
	}
	if fold("utname=U, O=v1") != fold("UTNAME=u,o=V1") {
		t.Error("names in another spelling differ")
	}
}
