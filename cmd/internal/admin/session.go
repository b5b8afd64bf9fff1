// session.go: reading and changing entries on one server.

package admin

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/cmd/internal/answer"
	"github.com/sunray-ds/utdsd/cmd/internal/lines"
)

const (
	pageSize = 500 // entries of one page of a search
	// manyNames is the number of names beyond which one search for everything is
	// cheaper than looking for each of them.
	manyNames   = 1000
	namesAtOnce = 50 // in one filter
)

// session is a connection to one server, or several of them: then the first one
// is for reading and the others take turns in changing.
type session struct {
	dial  func() (*ldap.Conn, error)
	conns []*ldap.Conn
	turn  atomic.Uint32
	base  string // DN of the failover group
	url   string
}

func (s *session) reader() *ldap.Conn { return s.conns[0] }

func (s *session) writer() *ldap.Conn {
	if len(s.conns) == 1 {
		return s.conns[0]
	}
	return s.conns[1+s.turn.Add(1)%uint32(len(s.conns)-1)]
}

// errGone is in the error of a request that no server has answered, errSilent in
// that of one whose server is still there.
var (
	errGone   = errors.New("the connection to the data store was lost; is utdsd running?")
	errSilent = fmt.Errorf("the data store does not answer within %s; %s", requestTimeout, restart)
)

// restart is what to do about a server that hangs.
const restart = "if that stays so, utrestart on that server starts it anew"

// answered tells an error that a server has answered from the loss of the
// connection.
func answered(err error) error {
	switch {
	case err == nil:
		return nil
	case answer.Refused(err):
		return answer.Text(err)
	case answer.TimedOut(err):
		return errSilent
	}
	return fmt.Errorf("%w %w", errGone, answer.Text(err))
}

// container is the DN of a container of the group.
func (s *session) container(name string) string { return "utname=" + name + "," + s.base }

// name is the DN of an object of a container.
func (s *session) name(object, container string) string {
	return "utname=" + ldap.EscapeDN(object) + "," + s.container(container)
}

// children gives all entries right below a container that the filter fits.
func (s *session) children(container, filter string, attrs ...string) ([]*ldap.Entry, error) {
	base := s.container(container)
	request := ldap.NewSearchRequest(base, ldap.ScopeSingleLevel, ldap.NeverDerefAliases, 0, 0, false, filter, attrs, nil)
	result, err := s.reader().SearchWithPaging(request, pageSize)
	if err != nil {
		return nil, explain(answered(err), "read "+base)
	}
	return result.Entries, nil
}

// having gives the entries of a container where attr has one of the values.
func (s *session) having(container, attr string, values []string, attrs ...string) (found []*ldap.Entry, err error) {
	if len(values) > manyNames {
		return s.children(container, "("+attr+"=*)", attrs...)
	}
	for len(values) > 0 {
		n := min(len(values), namesAtOnce)
		var filter strings.Builder
		filter.WriteString("(|")
		for _, v := range values[:n] {
			filter.WriteString("(" + attr + "=" + ldap.EscapeFilter(v) + ")")
		}
		part, err := s.children(container, filter.String()+")", attrs...)
		if err != nil {
			return nil, err
		}
		found, values = append(found, part...), values[n:]
	}
	return found, nil
}

// only gives the one entry of a container that the filter fits; none is the error
// if there is none.
func (s *session) only(container, filter string, none error, attrs ...string) (*ldap.Entry, error) {
	found, err := s.children(container, filter, attrs...)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, none
	case len(found) > 1:
		return nil, fmt.Errorf("%d entries have this name, as %s and %s", len(found), found[0].DN, found[1].DN)
	}
	return found[0], nil
}

// entry gives one entry; nil if it is not there or dn is empty.
func (s *session) entry(dn string, attrs ...string) (*ldap.Entry, error) {
	if dn == "" {
		return nil, nil
	}
	request := ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", attrs, nil)
	result, err := s.reader().Search(request)
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject):
		return nil, nil
	case err != nil:
		return nil, explain(answered(err), "read "+dn)
	case len(result.Entries) == 0:
		return nil, nil
	}
	return result.Entries[0], nil
}

// add adds an entry.
func (s *session) add(r *ldap.AddRequest) error { return answered(s.writer().Add(r)) }

// modify changes an entry.
func (s *session) modify(r *ldap.ModifyRequest) error { return answered(s.writer().Modify(r)) }

// delete deletes an entry.
func (s *session) delete(dn string) error {
	return answered(s.writer().Del(ldap.NewDelRequest(dn, nil)))
}

// away deletes an entry; that it is not there is no error.
func (s *session) away(dn string) error {
	err := s.delete(dn)
	if ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject) {
		return nil
	}
	return err
}

// addition makes the request for an entry of a class. pairs are attributes and
// values; empty values are left out.
func addition(dn, class string, pairs ...string) *ldap.AddRequest {
	r := ldap.NewAddRequest(dn, nil)
	r.Attribute("objectClass", []string{"top", class})
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			r.Attribute(pairs[i], []string{pairs[i+1]})
		}
	}
	return r
}

// again makes the request that brings an entry back.
func again(e *ldap.Entry) *ldap.AddRequest {
	r := ldap.NewAddRequest(e.DN, nil)
	for _, a := range e.Attributes {
		r.Attribute(a.Name, a.Values)
	}
	return r
}

// replacement collects what is to be changed of an entry.
type replacement struct {
	*ldap.ModifyRequest
	undo *ldap.ModifyRequest
	now  *ldap.Entry
}

func newReplacement(now *ldap.Entry) *replacement {
	return &replacement{ldap.NewModifyRequest(now.DN, nil), ldap.NewModifyRequest(now.DN, nil), now}
}

// set gives an attribute one value, "" for none.
func (r *replacement) set(attr, value string) {
	before := r.now.GetEqualFoldAttributeValues(attr)
	if len(before) == 1 && before[0] == value || len(before) == 0 && value == "" {
		return
	}
	var values []string
	if value != "" {
		values = []string{value}
	}
	r.Replace(attr, values)
	r.undo.Replace(attr, before)
}

// attributeEdit is what becomes of one attribute.
type attributeEdit struct {
	attr string
	to   lines.Edit
}

// edit changes the attributes that are not to be kept.
func (r *replacement) edit(edits ...attributeEdit) {
	for _, e := range edits {
		if !e.to.Keep {
			r.set(e.attr, e.to.Value)
		}
	}
}

// apply changes the entry, if there is anything to change.
func (r *replacement) apply(s *session) error {
	if len(r.Changes) == 0 {
		return nil
	}
	return s.modify(r.ModifyRequest)
}

// revert changes it back.
func (r *replacement) revert(s *session) error {
	if len(r.undo.Changes) == 0 {
		return nil
	}
	return s.modify(r.undo)
}

// fold makes DNs as these servers write them comparable.
func fold(dn string) string {
	parsed, err := ldap.ParseDN(dn)
	if err != nil {
		return strings.ToLower(dn)
	}
	return strings.ToLower(parsed.String())
}
