// data_test.go: the data of the tests: users, desktops and tokens as a site has
// them, about 420 bytes an entry.

package flow

import (
	"fmt"
	"strings"
)

const (
	version = "o=v1,o=utdata"
	farm    = "utname=farm," + version
)

// tree is the top of the data, parents first.
func tree() string {
	var b strings.Builder
	b.WriteString("dn: o=utdata\nobjectClass: top\nobjectClass: organization\no: utdata\n\n")
	b.WriteString("dn: " + version + "\nobjectClass: top\nobjectClass: organization\no: v1\n\n")
	container := func(dn, name string) {
		fmt.Fprintf(&b, "dn: %s\nobjectClass: top\nobjectClass: utContainer\nutname: %s\ndescription: holds the %s of the group\n\n", dn, name, name)
	}
	container(farm, "farm")
	for _, name := range []string{"users", "desktops", "tokens"} {
		container("utname="+name+","+farm, name)
	}
	return b.String()
}

// scatter makes a number that looks like any other out of n.
func scatter(n int) uint32 {
	x := uint32(n)*2654435761 + 12345
	x ^= x >> 15
	return x * 2246822519
}

// leaf is entry n below the containers.
func leaf(n int) string {
	x := scatter(n)
	seen := fmt.Sprintf("2025%02d%02d%02d%02d%02dZ", 1+x%12, 1+x>>4%28, x>>9%24, x>>14%60, x>>20%60)
	switch n % 5 {
	case 3:
		return fmt.Sprintf("dn: utname=desk%07d,utname=desktops,%s\nobjectClass: top\nobjectClass: utDesktop\nutname: desk%07d\n"+
			"cn: Desktop unit %d of the farm\nutmac: %012x\nutserver: ray%02d.example.com\nutlocation: Building %c, floor %d, room %d beside the stairs\n"+
			"utmodel: SunRay%d-P9-with-a-smart-card-reader\nutlastseen: %s\nutflags: %d\ndescription: Firmware %08x, last looked at by the administrators\n\n",
			n, farm, n, n, uint64(x)<<12|uint64(n), x%30, 'A'+x%7, x>>3%9, x>>8%300, x%3, seen, x%256, x)
	case 4:
		return fmt.Sprintf("dn: utname=tok%07d,utname=tokens,%s\nobjectClass: top\nobjectClass: utToken\nutname: tok%07d\n"+
			"cn: Card %d of batch %d\nuttoken: MicroPayflex.%08x%08d\nutowner: utname=usr%07d,utname=users,%s\nutserver: ray%02d.example.com\n"+
			"utlastseen: %s\nutflags: %d\ndescription: Issued at the reception desk, form %08x\n\n",
			n, farm, n, n, x%50, x, n, n-4, farm, x%30, seen, x%256, x)
	}
	return fmt.Sprintf("dn: utname=usr%07d,utname=users,%s\nobjectClass: top\nobjectClass: utUser\nutname: usr%07d\n"+
		"cn: Person %d %s\nsn: %s\nuid: usr%07d\nutserver: ray%02d.example.com\nutlastseen: %s\nutflags: %d\n"+
		"description: Account opened on request %08x of the department\nuserPassword: {SSHA}%024x%08x\n\n",
		n, farm, n, n, family(x), family(x>>5), n, x%30, seen, x%256, x, uint64(x)*uint64(x), x)
}

func family(x uint32) string {
	return [...]string{"Adler", "Bianchi", "Costa", "Dupont", "Egede", "Fontaine", "Grün", "Horváth"}[x%8]
}

// data is the tree and n entries below it.
func data(n int) string {
	var b strings.Builder
	b.Grow(n * 440)
	b.WriteString(tree())
	for i := range n {
		b.WriteString(leaf(i))
	}
	return b.String()
}
