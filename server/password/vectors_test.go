package password

import (
	"strings"
	"testing"
)

// word is the password of the vectors: a space, and a character of two bytes.
const word = "pass-wörd 1"

// vectors were made with OpenLDAP's slappasswd 2.5 and its modules pw-sha2,
// pw-pbkdf2 and argon2; the {CRYPT} ones with libxcrypt 4.4 through it.
var vectors = []struct{ name, stored, clear string }{
	{"clear text", "pass-wörd 1", word},
	{"clear text with a brace", "{pass", "{pass"},
	{"clear text by scheme", "{CLEARTEXT}pass-wörd 1", word},
	{"SSHA", "{SSHA}0AzoTC+yot9Q0sRfeK2J1CQjDsci6P6e", word},
	{"SSHA in lower case", "{ssha}0AzoTC+yot9Q0sRfeK2J1CQjDsci6P6e", word},
	{"SHA", "{SHA}t5XJICFqOUG7OeDMnY2GNYi09zA=", word},
	{"SHA without padding", "{SHA}t5XJICFqOUG7OeDMnY2GNYi09zA", word},
	{"SMD5", "{SMD5}5FHo6b9nuWC7fjILLiIuZYYYB4g=", word},
	{"MD5", "{MD5}ZpLGy2yVhVFTSDctXFn4LQ==", word},
	{"SSHA256", "{SSHA256}9BUMbZ5lU/pkJIZxgzfUtBeX1aOSiLLEus+Fo3JOekzphQvbFrO2Lg==", word},
	{"SSHA384", "{SSHA384}HJeCHDAyPpAn1J1qnAxqU/CccUVQKx8DERiWXy0uWdK3DCn+9oDrp5ZHyqooIfao+xUVpvMPh6A=", word},
	{"SSHA512", "{SSHA512}obdahfg3tT5wd3bJmfqZPRV6hbsskhUFNRg0cKLrH91LaLp+6Gb/HKTOvb24lUQ8lnj9SfmE8Nxx6WyKJ7vK+mZWcdfjAoq+", word},
	{"SHA256", "{SHA256}NY6Ze5ncGdWmcgFWkepDNqI0gSF1qp6erCZWG85HpsM=", word},
	{"SHA384", "{SHA384}q6My2aLk5ECIpJcWsj3XNd087SLf4e6gZEJjp2sz9UcwcTxOmIwqoP7iVGmtpl+m", word},
	{"SHA512", "{SHA512}3wZ/za6Adp0ys5oGiYyGXVhJ44mtUSxb4vAFKmrtr1ByXjE0Fai/Eug+XfU95CzJBQ7WhepLO+mimJYWvM7tyw==", word},
	{"PBKDF2", "{PBKDF2}10000$hCIVvvzjKtJvWgOpfCLljQ$GH87/A/kxqIgmOjIaAbxI2GWmrc", word},
	{"PBKDF2-SHA1", "{PBKDF2-SHA1}10000$TTvqh2UKFaty.vnJU4TSEg$w0hHt1XXR7THjQIdqmQ2AnMQKeQ", word},
	{"PBKDF2-SHA256", "{PBKDF2-SHA256}10000$FTxCwTN1zzO9HunLztOfEg$WtciObSaJx.cBDRoZt4ofgzPzDAif0E2ovor/oMsC5o", word},
	{"PBKDF2-SHA512", "{PBKDF2-SHA512}10000$xhiQS1MtddWbx87WS5giiQ$kfRdHOhU.fwJQV7RmbAoFR1U3LS6izweJ0S46atJuGvTbCucAzkgZ0ess0Z7yKSCr0EGFRJiTViyA7FH3hbWiQ", word},
	{"ARGON2 i", "{ARGON2}$argon2i$v=19$m=4096,t=3,p=1$SW5x2lY4hpTvPH18xmQKPA$4a02w0YHsGUPN7HynbHZEMCB0qyid0cEu6bcsmVHoWk", word},
	{"ARGON2 i two threads", "{ARGON2}$argon2i$v=19$m=1024,t=2,p=2$lE+QxxPVj2YYDziQj/RfNA$0QANa1p0mMy51oZgUNxT6lIpyj3GNMQ3eTr7WACJCtA", "x"},
	{"CRYPT DES", "{CRYPT}abhv/ZnAzL36k", "secret12"},
	{"CRYPT DES other salt and umlaut", "{crypt}./1pEFoReoV6o", "wörd"},
	{"CRYPT MD5", "{CRYPT}$1$zUPkW6Og$cPHDEopRZuwSGjsZpNDBi1", word},
	{"CRYPT Solaris MD5", "{CRYPT}$md5,rounds=1000$abcdefgh$$aZCB99EPj2SQsWGSP2FaS/", word},
	{"CRYPT bcrypt", "{CRYPT}$2b$06$abcdefghijklmnopqrstuuxVDVTtP5CP0XD91KYeVhPYktbllByle", word},
	{"CRYPT SHA-256", "{CRYPT}$5$q5DTl2AG$DbYPI/DndEHVzFgI0FErYVAKboWkiG8z31En3mOiNa9", word},
	{"CRYPT SHA-512 with rounds", "{CRYPT}$6$rounds=1000$3wt1zjsy$JS3HU4hjwmNaLrVAHaZD2SarvQ.exzm6pazhGM4P2.olax2ufYsmzOBKbiSqiPPGA4RROBT/2njaRJ6lp/poD.", word},
	{"CRYPT SHA-1", "{CRYPT}$sha1$1000$abcdefgh$cjDiNRgjn2dXx8AcZIrapAe/sWr2", word},
	{"CRYPT yescrypt", "{CRYPT}$y$j9T$abcdefghijklmnopqrstu.$5Cw0LyOWJMqjEFaC9p2An5PE0Si70S63UzbJYWeSq05", word},
}

func TestValuesOfOpenLDAPAreVerified(t *testing.T) {
	v := NewVerifier()
	for _, c := range vectors {
		t.Run(c.name, func(t *testing.T) {
			if !v.Verify([]byte(c.stored), []byte(c.clear)) {
				t.Error("the right password is refused")
			}
			if !v.Verify([]byte(c.stored), []byte(c.clear)) {
				t.Error("the right password is refused the second time")
			}
			// The first character: of a DES password only eight count.
			if v.Verify([]byte(c.stored), []byte("#"+c.clear[1:])) {
				t.Error("a wrong password is taken")
			}
			if v.Verify([]byte(c.stored), nil) {
				t.Error("the empty password is taken")
			}
		})
	}
}

// Any single character of a stored value changed must never make a match or
// end the process.
func TestDamagedValuesNeverMatch(t *testing.T) {
	v := NewVerifier()
	for _, c := range vectors {
		name, value, ok := split([]byte(c.stored))
		if !ok {
			continue
		}
		prefix := "{" + string(name) + "}"
		places := 12
		if s, _ := lookup(name); s.costly {
			places = 4
		}
		for i := 0; i < len(value); i += 1 + len(value)/places {
			for _, with := range []string{"", "$", "\x00", "\xff", "9"} {
				damaged := prefix + string(value[:i]) + with + string(value[i+1:])
				if damaged == c.stored || sameDigest(damaged, c.stored) {
					continue
				}
				if v.Verify([]byte(damaged), []byte(c.clear)) {
					t.Errorf("%s: damaged value %q matches", c.name, damaged)
				}
			}
			cut := prefix + string(value[:i])
			if !sameDigest(cut, c.stored) && v.Verify([]byte(cut), []byte(c.clear)) {
				t.Errorf("%s: value cut at %d matches", c.name, i)
			}
		}
	}
}

// sameDigest tells that only padding was lost.
func sameDigest(a, b string) bool { return strings.TrimRight(a, "=") == strings.TrimRight(b, "=") }
