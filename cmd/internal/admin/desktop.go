// desktop.go: desktop units, each an entry in the container desktops.

package admin

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/cmd/internal/lines"
)

// ErrNoDesktop is returned for an id that no desktop has.
var ErrNoDesktop = errors.New("no desktop has this id")

// Desktop is one desktop unit.
type Desktop struct {
	ID       string `json:"id"` // 12 hexadecimal digits, of a software client 32
	Location string `json:"location"`
	Other    string `json:"other"`
	Server   string `json:"server,omitempty"`
	Model    string `json:"model,omitempty"`
	LastSeen string `json:"lastSeen,omitempty"` // GeneralizedTime (RFC 4517 3.3.13)
}

// DesktopFields and DesktopEditFields are the fields of a line that adds a desktop
// and of one that edits it.
const (
	DesktopFields     = "ID,LOCATION[,OTHER]"
	DesktopEditFields = "ID[,LOCATION[,OTHER]]"
)

var desktopID = regexp.MustCompile(`^([0-9a-f]{12}|[0-9a-f]{32})$`)

// ParseDesktopID takes an id as people write it: in capitals, with colons.
func ParseDesktopID(text string) (string, error) {
	id := strings.ToLower(strings.ReplaceAll(text, ":", ""))
	if !desktopID.MatchString(id) {
		return "", fmt.Errorf("%q is no id of a desktop: want 12 hexadecimal digits, or 32 for a software client", text)
	}
	return id, nil
}

// ParseDesktop takes the fields ID, LOCATION and, optional, OTHER.
func ParseDesktop(fields []string) (Desktop, error) {
	if len(fields) != 2 && len(fields) != 3 {
		return Desktop{}, fmt.Errorf("%s; want ID,LOCATION or ID,LOCATION,OTHER", lines.Count(fields))
	}
	id, err := ParseDesktopID(fields[0])
	d := Desktop{ID: id, Location: fields[1]}
	if len(fields) == 3 {
		d.Other = fields[2]
	}
	return d, err
}

// Fields is the reverse of ParseDesktop.
func (d Desktop) Fields() []string {
	fields := []string{d.ID, d.Location, d.Other}
	if d.Other == "" {
		fields = fields[:2]
	}
	return fields
}

// DesktopEdit is what becomes of a desktop.
type DesktopEdit struct {
	ID              string
	Location, Other lines.Edit
}

// ParseDesktopEdit takes the fields ID, LOCATION and OTHER, as package lines reads
// edits; those at the end may be missing.
func ParseDesktopEdit(fields []string) (DesktopEdit, error) {
	id, err := ParseDesktopID(fields[0])
	if err != nil {
		return DesktopEdit{}, err
	}
	edits, err := lines.Edits(fields[1:], "location", "other information")
	if err != nil {
		return DesktopEdit{}, err
	}
	return DesktopEdit{id, edits[0], edits[1]}, nil
}

var desktopAttributes = []string{"utmac", "utname", "utlocation", "utotherinfo", "utserver", "utmodel", "utlastseen"}

// Desktops gives the desktops that fit, sorted by their id; their name is where
// they stand.
func (c *Client) Desktops(m Match) ([]Desktop, error) {
	found, err := c.local.children("desktops", m.filter("utDesktop", "utlocation"), desktopAttributes...)
	if err != nil {
		return nil, err
	}
	list := make([]Desktop, len(found))
	for i, e := range found {
		list[i] = newDesktop(e)
	}
	slices.SortFunc(list, func(a, b Desktop) int { return strings.Compare(a.ID, b.ID) })
	return list, nil
}

func newDesktop(e *ldap.Entry) Desktop {
	d := Desktop{ID: e.GetAttributeValue("utmac"), Location: e.GetAttributeValue("utlocation"), Other: e.GetAttributeValue("utotherinfo"),
		Server: e.GetAttributeValue("utserver"), Model: e.GetAttributeValue("utmodel"), LastSeen: e.GetAttributeValue("utlastseen")}
	if d.ID == "" {
		d.ID = e.GetAttributeValue("utname")
	}
	return d
}

// Desktop gives one desktop; ErrNoDesktop if there is none.
func (c *Client) Desktop(id string) (Desktop, error) {
	e, err := c.local.desktop(id)
	if err != nil {
		return Desktop{}, err
	}
	return newDesktop(e), nil
}

func (s *session) desktop(id string) (*ldap.Entry, error) {
	return s.only("desktops", "(|(utname="+id+")(utmac="+id+"))", fmt.Errorf("%w: %s", ErrNoDesktop, id), desktopAttributes...)
}

// AddDesktop adds a desktop.
func (c *Client) AddDesktop(d Desktop) error {
	return c.change("add the desktop "+d.ID, func(s *session) error {
		err := s.add(addition(s.name(d.ID, "desktops"), "utDesktop", "utname", d.ID, "utmac", d.ID, "utlocation", d.Location, "utotherinfo", d.Other))
		if ldap.IsErrorWithCode(err, ldap.LDAPResultEntryAlreadyExists) {
			return fmt.Errorf("it is there already; utdesktop -p %s shows it", d.ID)
		}
		return err
	})
}

// EditDesktop changes a desktop.
func (c *Client) EditDesktop(e DesktopEdit) error {
	return c.change("edit the desktop "+e.ID, func(s *session) error {
		now, err := s.desktop(e.ID)
		if err != nil {
			return err
		}
		r := newReplacement(now)
		r.edit(attributeEdit{"utlocation", e.Location}, attributeEdit{"utotherinfo", e.Other})
		return r.apply(s)
	})
}

// DeleteDesktop deletes a desktop.
func (c *Client) DeleteDesktop(id string) error {
	return c.change("delete the desktop "+id, func(s *session) error {
		e, err := s.desktop(id)
		if err != nil {
			return err
		}
		return s.delete(e.DN)
	})
}
