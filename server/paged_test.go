package server

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/server/wire"
)

func paged(size int, cookie []byte) []byte {
	p := wire.PagedResults{Size: int32(size), Cookie: cookie}
	return control1(oidPaged, true, p.Append(nil))
}

// cookie is that of the response control.
func (f found) cookie(c *client) []byte {
	c.Helper()
	k, ok := control(f.done, oidPaged)
	var p wire.PagedResults
	if !ok || p.Decode(k.Value) != nil {
		c.Fatalf("no paged results control in %+v", f.done)
	}
	return slices.Clone(p.Cookie)
}

// page asks for one page of everything.
func (c *client) page(a ask, size int, cookie []byte) found {
	c.Helper()
	a.controls = append(slices.Clone(a.controls), paged(size, cookie)...)
	return c.search(a)
}

// pages asks for all pages.
func (c *client) pages(a ask, size int) (sizes []int, names []string) {
	c.Helper()
	var cookie []byte
	for {
		f := c.page(a, size, cookie).wantCode(c, schema.Success)
		sizes, names = append(sizes, len(f.names)), append(names, f.names...)
		if cookie = f.cookie(c); len(cookie) == 0 {
			return sizes, names
		}
	}
}

func names(n int) (out []string) {
	for i := range n {
		out = append(out, userDN(i))
	}
	return out
}

func TestPagesHoldEveryEntryOnce(t *testing.T) {
	const n = 2*inlinePage + 50
	w := newWorld(t, func(o *Options) { o.Limits.SizeLimit = 5000 })
	w.users(n)
	c := w.dial()
	for _, size := range []int{1, 7, 200, inlineExamine, inlinePage - 1, inlinePage, inlinePage + 1, n - 1, n, n + 1, 5000} {
		sizes, got := c.pages(everything(), size)
		if !slices.Equal(got, names(n)) {
			t.Errorf("pages of %d: %d entries in pages %v", size, len(got), sizes)
		}
		for i, n := range sizes {
			if n != size && (i < len(sizes)-1 || n == 0) {
				t.Errorf("pages of %d: page %d has %d", size, i, n)
			}
		}
	}
	for _, size := range []int{590, n - 1} {
		if _, got := c.pages(ask{base: people, scope: schema.ScopeOne}, size); !slices.Equal(got, names(n)) {
			t.Errorf("pages of %d that are larger than a buffer: %d entries", size, len(got))
		}
	}
}

// TestPageStaysWithItsConnection looks where pages are made: short ones in the
// goroutine of the connection, also of several buffers; what looks at more
// candidates, or is more than some buffers, leaves it.
func TestPageStaysWithItsConnection(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.SizeLimit = 5000 })
	w.users(2 * inlinePage)
	large := "ou=large," + suffix
	w.store.put(w, large, "objectClass: organizationalUnit", "ou: large")
	for i := range inlinePage {
		w.store.put(w, fmt.Sprintf("cn=%04d,%s", i, large), "objectClass: inetOrgPerson", fmt.Sprintf("cn: %04d", i), "sn: x",
			"description: "+strings.Repeat("x", 4*flushAt*inlineBuffers/inlinePage))
	}
	left, steps := false, 0
	look := func(*schema.Search, int) error {
		steps, left = steps+1, left || strings.Contains(string(debug.Stack()), ").goOn(")
		return nil
	}
	w.store.beforeSlice.Store(&look)
	c := w.dial()
	for _, x := range []struct {
		what, base, filter string
		size               int
		leaves             bool
	}{
		{"in several buffers", people, "", 1000, false},
		{"of more entries", people, "", inlinePage + 1, true},
		{"of rare entries", people, "(sn=nobody)", 10, true},
		{"of large entries", large, "", inlinePage / 8, false},
		{"in many buffers", large, "", inlinePage / 2, true},
	} {
		left, steps = false, 0
		c.page(ask{base: x.base, scope: schema.ScopeOne, filter: x.filter}, x.size, nil).wantCode(c, schema.Success)
		if left != x.leaves || steps < 2 {
			t.Errorf("a page %s: it leaves: %v, in %d slices", x.what, left, steps)
		}
	}
}

func TestSortedPages(t *testing.T) {
	w := newWorld(t, nil)
	w.users(300)
	c := w.dial()
	a := everything()
	a.controls = sortBy(true, "-cn")
	for _, size := range []int{1, 70, 150, 299, 300, 301} {
		sizes, got := c.pages(a, size)
		slices.Reverse(got)
		if !slices.Equal(got, names(300)) || slices.Contains(sizes, 0) {
			t.Errorf("pages of %d: %d entries in pages %v", size, len(got), sizes)
		}
	}
}

func TestAForeignLibraryPages(t *testing.T) {
	w := newWorld(t, nil)
	w.users(300)
	l, err := ldap.DialURL("ldap://" + w.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r, err := l.SearchWithPaging(ldap.NewSearchRequest(people, ldap.ScopeSingleLevel, 0, 0, 0, false, "(cn=*)", []string{"cn"}, nil), 64)
	if err != nil || len(r.Entries) != 300 {
		t.Errorf("%v, %v", r, err)
	}
}

func TestSizeLimitCountsThePagesTogether(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.SizeLimit = 10 })
	w.users(30)
	c := w.dial()
	f := c.page(everything(), 4, nil).wantCode(c, schema.Success)
	f = c.page(everything(), 4, f.cookie(c)).wantCode(c, schema.Success)
	f = c.page(everything(), 4, f.cookie(c)).wantCode(c, schema.SizeLimitExceeded)
	if len(f.names) != 2 || len(f.cookie(c)) != 0 {
		t.Errorf("last page: %v", f.names)
	}
}

func TestCookiesThatAreNotGood(t *testing.T) {
	w := newWorld(t, nil)
	w.users(30)
	c, other := w.dial(), w.dial()
	good := c.page(everything(), 4, nil).cookie(c)
	other.page(everything(), 4, good).wantCode(other, schema.UnwillingToPerform) // another connection's
	second := c.page(everything(), 4, good).wantCode(c, schema.Success).cookie(c)
	c.page(everything(), 4, good).wantCode(c, schema.UnwillingToPerform) // used
	c.page(everything(), 4, []byte("invented")).wantCode(c, schema.UnwillingToPerform)
	c.page(everything(), 4, make([]byte, 100<<10)).wantCode(c, schema.UnwillingToPerform)
	changed := everything()
	changed.filter = "(cn=*)"
	c.page(changed, 4, second).wantCode(c, schema.UnwillingToPerform)
	c.page(everything(), 4, second).wantCode(c, schema.UnwillingToPerform) // gone with that
	third := c.page(everything(), 4, nil).cookie(c)
	c.bind(utadmin, "utadmin secret")
	c.page(everything(), 4, third).wantCode(c, schema.UnwillingToPerform) // another identity's
	garbage := everything()
	garbage.controls = control1(oidPaged, true, []byte("garbage"))
	c.search(garbage).wantCode(c, schema.ProtocolError)
	negative := everything()
	negative.controls = control1(oidPaged, true, ber.AppendBytes(nil, ber.TagSequence, append(ber.AppendInt(nil, ber.TagInteger, -1), ber.TagOctetString, 0)))
	c.search(negative).wantCode(c, schema.ProtocolError)
}

func TestPageSizeZeroEndsAPagedSearch(t *testing.T) {
	w := newWorld(t, nil)
	w.users(30)
	c := w.dial()
	for _, sorted := range [][]byte{nil, sortBy(true, "cn")} {
		a := everything()
		a.controls = sorted
		cookie := c.page(a, 4, nil).cookie(c)
		f := c.page(a, 0, cookie).wantCode(c, schema.Success)
		if len(f.names) != 0 || len(f.cookie(c)) != 0 {
			t.Errorf("%d entries, cookie %x", len(f.names), f.cookie(c))
		}
		c.page(a, 4, cookie).wantCode(c, schema.UnwillingToPerform)
	}
	if f := c.page(everything(), 0, nil).wantCode(c, schema.Success); len(f.names) != 30 || len(f.cookie(c)) != 0 {
		t.Errorf("size 0 at first: %d entries", len(f.names))
	}
}

func TestAbandonedPagedSearchesAreForgotten(t *testing.T) {
	w := newWorld(t, nil)
	w.users(30)
	c := w.dial()
	var cookies [][]byte
	for range maxPaged + 3 {
		cookies = append(cookies, c.page(everything(), 4, nil).wantCode(c, schema.Success).cookie(c))
	}
	for range 2000 {
		c.page(everything(), 4, nil)
	}
	for i := range 3 {
		c.page(everything(), 4, cookies[i]).wantCode(c, schema.UnwillingToPerform)
	}
	for conn := range conns(w) {
		conn.mu.Lock()
		if n := len(conn.paged); n > maxPaged {
			t.Errorf("%d paged searches are kept", n)
		}
		conn.mu.Unlock()
	}
}

func conns(w *world) map[*conn]bool {
	out := map[*conn]bool{}
	for _, c := range w.open() {
		out[c] = true
	}
	return out
}

func TestPagesGoOnBehindEntriesThatChange(t *testing.T) {
	w := newWorld(t, nil)
	w.users(30)
	c, admin := w.dial(), w.admin()
	first := c.page(everything(), 10, nil)
	for i := range 15 {
		admin.do(ber.AppendBytes(nil, wire.TagDelRequest, []byte(userDN(i))), wire.TagDelResponse, schema.Success)
	}
	second := c.page(everything(), 20, first.cookie(c)).wantCode(c, schema.Success)
	// The first entry of the second page was found with the first page.
	if want := append([]string{userDN(10)}, names(30)[15:]...); !slices.Equal(second.names, want) {
		t.Errorf("second page: %v", second.names)
	}
}

// The next page is asked for by guess, while the search for this one still runs
// in a goroutine of its own.
func TestNextPageThatIsAskedForTooEarly(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.SizeLimit = 5000 })
	w.users(2000)
	for range 20 {
		c := w.dial()
		a := everything()
		a.controls = paged(inlinePage+inlinePage/2, nil)
		first := a.message(1)
		var all []byte
		all = append(all, first...)
		for i := range 30 {
			a.controls = paged(500, []byte{0, 0, 0, 0, 0, 0, 0, 1})
			all = append(all, a.message(int32(i+2))...)
		}
		c.send(all)
		for done := 0; done < 31; {
			r, err := c.receive()
			if err != nil {
				t.Fatal(err)
			}
			if r.Op == wire.TagSearchResultDone {
				done++
				if code := r.Result.Code; code != schema.Success && code != schema.UnwillingToPerform {
					t.Errorf("search %d: %v", r.ID, &r.Result)
				}
			}
		}
		c.nc.Close()
	}
}

func TestPagedSearchOfTheRootDSE(t *testing.T) {
	w := newWorld(t, nil)
	c := w.dial()
	sizes, _ := c.pages(ask{}, 1)
	if fmt.Sprint(sizes) != "[1]" {
		t.Errorf("pages: %v", sizes)
	}
}
