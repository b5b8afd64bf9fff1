// kiosk.go: kiosk sessions, each an entry in the container kiosk that holds its
// configuration, a text of its own.

package admin

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

// ErrNoKiosk is returned for a name that no kiosk session has.
var ErrNoKiosk = errors.New("there is no such kiosk session")

// Kiosk is one kiosk session.
type Kiosk struct {
	Name   string `json:"name"`
	Type   string `json:"type"` // of the session
	Title  string `json:"title,omitempty"`
	Config string `json:"config"` // lines of text
}

// maxKiosk bounds a configuration, in bytes.
const maxKiosk = 1 << 20

// kioskType begins the line of a configuration that names the type of session.
const kioskType = "KIOSK_SESSION="

// ParseKiosk makes a session of its configuration.
func ParseKiosk(name, config string) (Kiosk, error) {
	config = strings.ReplaceAll(strings.TrimPrefix(config, site.BOM), "\r\n", "\n")
	k := Kiosk{Name: name, Type: name, Config: strings.TrimRight(config, "\n")}
	switch {
	case name == "":
		return Kiosk{}, errors.New("the name is empty")
	case strings.TrimSpace(k.Config) == "":
		return Kiosk{}, errors.New("the configuration is empty")
	case len(k.Config) > maxKiosk:
		return Kiosk{}, fmt.Errorf("the configuration has more than %d bytes", maxKiosk)
	case strings.ContainsRune(k.Config, 0):
		return Kiosk{}, errors.New("the configuration is no text")
	}
	for line := range strings.Lines(k.Config) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), kioskType); ok {
			if value = strings.Trim(value, `"' `); value != "" {
				k.Type = value
			}
		}
	}
	return k, nil
}

var kioskAttributes = []string{"utname", "cn", "utsessiontype", "utkioskconfig"}

// Kiosks gives all kiosk sessions, sorted by their names.
func (c *Client) Kiosks() ([]Kiosk, error) {
	found, err := c.local.children("kiosk", "(objectClass=utKioskSession)", kioskAttributes...)
	if err != nil {
		return nil, err
	}
	list := make([]Kiosk, len(found))
	for i, e := range found {
		list[i] = Kiosk{e.GetAttributeValue("utname"), e.GetAttributeValue("utsessiontype"), e.GetAttributeValue("cn"),
			strings.Join(e.GetAttributeValues("utkioskconfig"), "\n")}
	}
	slices.SortFunc(list, func(a, b Kiosk) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// Kiosk gives one session; ErrNoKiosk if there is none.
func (c *Client) Kiosk(name string) (Kiosk, error) {
	list, err := c.Kiosks()
	if err != nil {
		return Kiosk{}, err
	}
	for _, k := range list {
		if strings.EqualFold(k.Name, name) {
			return k, nil
		}
	}
	return Kiosk{}, fmt.Errorf("%w: %s", ErrNoKiosk, name)
}

// SetKiosk makes a session or puts it in the place of the one that is there.
func (c *Client) SetKiosk(k Kiosk) error {
	return c.put("set the kiosk session "+k.Name, "kiosk", "utKioskSession", k.Name,
		single("utsessiontype", k.Type), single("utkioskconfig", k.Config))
}

// DeleteKiosk deletes a session.
func (c *Client) DeleteKiosk(name string) error {
	return c.remove("delete the kiosk session "+name, "kiosk", name, fmt.Errorf("%w: %s", ErrNoKiosk, name))
}
