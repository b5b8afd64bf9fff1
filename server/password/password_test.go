package password

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// Costs that would hold a core for minutes, or memory by the gigabyte. Were
// one of them paid, this test would run into its time limit.
func TestCostsBeyondTheBoundsAreRefusedAtOnce(t *testing.T) {
	const key = "WtciObSaJx.cBDRoZt4ofgzPzDAif0E2ovor/oMsC5o"
	v := NewVerifier()
	start := time.Now()
	for _, stored := range []string{
		"{PBKDF2-SHA256}2147483648$FTxCwTN1zzO9HunLztOfEg$" + key,
		"{PBKDF2-SHA256}99999999999999999999$FTxCwTN1zzO9HunLztOfEg$" + key,
		"{PBKDF2-SHA256}-1$FTxCwTN1zzO9HunLztOfEg$" + key,
		"{PBKDF2-SHA256}0$FTxCwTN1zzO9HunLztOfEg$" + key,
		"{PBKDF2-SHA256}10000$$" + key,
		"{PBKDF2-SHA256}10000$FTxCwTN1zzO9HunLztOfEg$",
		"{ARGON2}$argon2id$v=19$m=4194304,t=3,p=1$SW5x2lY4hpTvPH18xmQKPA$4a02w0YHsGUPN7HynbHZEMCB0qyid0cEu6bcsmVHoWk",
		"{ARGON2}$argon2id$v=19$m=4096,t=4294967295,p=1$SW5x2lY4hpTvPH18xmQKPA$4a02w0YHsGUPN7HynbHZEMCB0qyid0cEu6bcsmVHoWk",
		"{ARGON2}$argon2id$v=19$m=131072,t=32,p=1$SW5x2lY4hpTvPH18xmQKPA$4a02w0YHsGUPN7HynbHZEMCB0qyid0cEu6bcsmVHoWk",
		"{ARGON2}$argon2id$v=19$m=4096,t=0,p=0$SW5x2lY4hpTvPH18xmQKPA$4a02w0YHsGUPN7HynbHZEMCB0qyid0cEu6bcsmVHoWk",
		"{ARGON2}$argon2d$v=19$m=4096,t=3,p=1$SW5x2lY4hpTvPH18xmQKPA$4a02w0YHsGUPN7HynbHZEMCB0qyid0cEu6bcsmVHoWk",
		"{CRYPT}$6$rounds=999999999$3wt1zjsy$JS3HU4hjwmNaLrVAHaZD2SarvQ",
		"{CRYPT}$md5,rounds=999999999$abcdefgh$$aZCB99EPj2SQsWGSP2FaS/",
		"{CRYPT}$sha1$4294967295$abcdefgh$cjDiNRgjn2dXx8AcZIrapAe/sWr2",
		"{CRYPT}$2b$31$abcdefghijklmnopqrstuuxVDVTtP5CP0XD91KYeVhPYktbllByle",
		"{CRYPT}$y$jGT$abcdefghijklmnopqrstu.$5Cw0LyOWJMqjEFaC9p2An5PE0Si70S63UzbJYWeSq05",
		"{CRYPT}$7$jGT$abcdefghijklmnopqrstu.$5Cw0LyOWJMqjEFaC9p2An5PE0Si70S63UzbJYWeSq05",
		"{CRYPT}", "{CRYPT}$", "{CRYPT}$$$$$$", "{CRYPT}x", "{CRYPT}!!aaaaaaaaaaa",
		"{SSHA}", "{SSHA}t5XJICFqOUG7OeDMnY2GNYi09zA=", "{SHA}0AzoTC+yot9Q0sRfeK2J1CQjDsci6P6e", "{SSHA}%%%%",
		"{NOSUCH}" + word, "{}" + word, "",
	} {
		if v.Verify([]byte(stored), []byte(word)) {
			t.Errorf("%q matches", stored)
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestLongPasswordIsNotHashedRoundAfterRound(t *testing.T) {
	clear := bytes.Repeat([]byte("x"), 4<<20)
	start := time.Now()
	if NewVerifier().Verify([]byte("{CRYPT}$5$rounds=900000$q5DTl2AG$DbYPI/DndEHVzFgI0FErYVAKboWkiG8z31En3mOiNa9"), clear) {
		t.Error("matches")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestNewValuesVerifyAndDifferByTheirSalt(t *testing.T) {
	v := NewVerifier()
	for _, scheme := range []string{DefaultScheme, "{SSHA}", "{SMD5}", "{SSHA256}", "{SSHA384}", "{SSHA512}", "{ssha512}",
		"{PBKDF2}", "{PBKDF2-SHA1}", "{PBKDF2-SHA256}", "{PBKDF2-SHA512}", "{ARGON2}", "{CLEARTEXT}"} {
		a, err := Hash(scheme, []byte(word))
		if err != nil {
			t.Errorf("%s: %v", scheme, err)
			continue
		}
		if !strings.HasPrefix(string(a), strings.ToUpper(scheme)) {
			t.Errorf("%s: made %q", scheme, a)
		}
		if !v.Verify(a, []byte(word)) || v.Verify(a, []byte("other")) {
			t.Errorf("%s: %q does not verify as it should", scheme, a)
		}
		b, err := Hash(scheme, []byte(word))
		if err != nil || scheme != "{CLEARTEXT}" && bytes.Equal(a, b) {
			t.Errorf("%s: the same value twice (%v)", scheme, err)
		}
	}
}

func TestWeakAndUnknownSchemesMakeNoNewValues(t *testing.T) {
	for _, scheme := range []string{"{MD5}", "{SHA}", "{SHA512}", "{CRYPT}", "{NOSUCH}", "SSHA", "", "{SSHA}x", "{SSHA"} {
		if value, err := Hash(scheme, []byte(word)); !errors.Is(err, ErrScheme) {
			t.Errorf("Hash(%q) = %q, %v", scheme, value, err)
		}
		if err := CheckScheme(scheme); !errors.Is(err, ErrScheme) {
			t.Errorf("CheckScheme(%q) = %v", scheme, err)
		}
	}
	if err := CheckScheme(DefaultScheme); err != nil {
		t.Error(err)
	}
}

func TestRepeatedBindsAreRememberedAndFailuresAreNot(t *testing.T) {
	v := NewVerifier()
	stored, err := Hash("{PBKDF2-SHA512}", []byte(word))
	if err != nil {
		t.Fatal(err)
	}
	v.Verify(stored, []byte("wrong"))
	if len(v.known.known) != 0 {
		t.Fatal("a failure is remembered")
	}
	if !v.Verify(stored, []byte(word)) || !v.known.has(v.known.proof(stored, []byte(word))) {
		t.Fatal("a success is not remembered")
	}
	other, err := Hash("{PBKDF2-SHA512}", []byte("new password"))
	if err != nil {
		t.Fatal(err)
	}
	if v.Verify(other, []byte(word)) {
		t.Error("the old password matches the new value")
	}
	if v.known.proof([]byte("ab"), []byte("c")) == v.known.proof([]byte("a"), []byte("bc")) {
		t.Error("the border between value and password is not part of the proof")
	}
}

func TestCacheForgetsTheOldestAndStaysBounded(t *testing.T) {
	c := newCache()
	first := c.proof(nil, []byte("first"))
	c.add(first)
	for i := range cacheSize - 1 {
		c.add(c.proof(nil, fmt.Append(nil, i)))
	}
	if !c.has(first) {
		t.Error("forgotten too early")
	}
	c.add(first) // known already: takes no place
	for i := range 10 {
		c.add(c.proof(nil, fmt.Append(nil, "more", i)))
	}
	if c.has(first) {
		t.Error("the oldest is still known")
	}
	if len(c.known) != cacheSize || len(c.order) != cacheSize {
		t.Errorf("%d known, %d in order, want %d", len(c.known), len(c.order), cacheSize)
	}
}

func TestManyBindsAtOnceShareTheSlots(t *testing.T) {
	v := NewVerifier()
	stored, err := Hash("{SSHA512}", []byte(word))
	if err != nil {
		t.Fatal(err)
	}
	costly, err := Hash("{PBKDF2-SHA512}", []byte(word))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			if !v.Verify(costly, []byte(word)) || v.Verify(costly, fmt.Append(nil, i)) || !v.Verify(stored, []byte(word)) {
				t.Error("wrong answer")
			}
		})
	}
	wg.Wait()
	if len(v.slots) != 0 {
		t.Errorf("%d slots not given back", len(v.slots))
	}
}

func TestGeneratedPasswordsAreLongAndNeverTheSame(t *testing.T) {
	a, b := Generate(), Generate()
	if len(a) < 20 || bytes.Equal(a, b) {
		t.Errorf("%q, %q", a, b)
	}
}

func FuzzVerify(f *testing.F) {
	for _, c := range vectors {
		f.Add([]byte(c.stored), []byte(c.clear))
	}
	v := NewVerifier()
	f.Fuzz(func(t *testing.T, stored, clear []byte) {
		v.Verify(stored, clear)
	})
}
