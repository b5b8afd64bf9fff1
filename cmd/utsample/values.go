// values.go: names and numbers as sites have them.

package main

import (
	"fmt"
	"time"
)

const softClient = "SunRaySoftClient"

var (
	models = [...]string{"SunRay-P8", "SunRay-P9", "SunRay-P10", "SunRay-P8", softClient}

	buildings = [...]string{"Building A", "Building B", "Library", "Campus North"}

	givenNames = [...]string{"John", "Maria", "Hiro", "Elena", "Oscar", "Nadia", "Liam", "Greta", "Farid", "Ines",
		"Jonas", "Chiara", "Petra", "Dmitri", "Alice", "Samuel"}
	familyNames = [...]string{"Smith", "Garcia", "Nakamura", "Ivanova", "Olofsson", "Haddad", "Murphy", "Fischer", "Rahimi",
		"Costa", "Lehmann", "Rossi", "Novak", "Baranov", "Anderson", "Okafor", "Dubois"}

	cards = [...]struct{ name, vendor string }{
		{"payflex", "Schlumberger MicroPayflex"}, {"mondex", "Mondex purse"}, {"OpenPlatform", "GlobalPlatform cards"},
		{"JavaBadge", "Sun Java badge"}, {"CyberFlex", "Axalto Cyberflex"},
	}

	kiosks = [...]struct{ name, title, config string }{
		{"default", "Desktop session", "session=jds;timeout=1200"},
		{"browser", "Full screen browser", "session=browser;home=http://intranet.example.com/;timeout=600"},
		{"uttsc", "Windows Connector", "session=uttsc;server=terminal.example.com;domain=EXAMPLE;locktime=12000"},
	}
)

func server(i int) string { return fmt.Sprintf("ray%d", i) }

// mac is the id of a desktop unit: twelve hexadecimal digits.
func mac(i int) string { return fmt.Sprintf("080020%06x", 0x861234+i*0x11) }

// tokenID takes the kinds of tokens in turn.
func tokenID(i int) string {
	switch i % 4 {
	case 0:
		return fmt.Sprintf("MicroPayflex.%08x65000100", 0x4f8c+i)
	case 1:
		return fmt.Sprintf("mondex.%016d", 9998007668077709+int64(i))
	case 2:
		return fmt.Sprintf("OpenPlatform.%d%08d", 479051675239, 5788499+i)
	}
	return "pseudo." + mac(i)
}

// stamp is a GeneralizedTime in 2014, later for larger numbers.
func stamp(i int) string {
	at := time.Date(2014, time.March, 3, 7, 30, 0, 0, time.UTC).Add(time.Duration(i) * 4133 * time.Second)
	return at.Format("20060102150405Z")
}

// enabled switches off a few users.
func enabled(i int) string {
	if i%50 == 49 {
		return "FALSE"
	}
	return "TRUE"
}
