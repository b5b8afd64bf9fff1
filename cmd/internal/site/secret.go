// secret.go: the password and the group signature.

package site

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	maxSecret    = 1024 // bytes
	minSignature = 8    // characters; a shorter one is a mistake
)

// ReadPassword takes the first line of r as a password.
func ReadPassword(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSecret+1))
	if err != nil {
		return nil, fmt.Errorf("read a password: %w", err)
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	switch {
	case len(line) == 0:
		return nil, errors.New("read a password: the first line is empty")
	case len(line) > maxSecret:
		return nil, fmt.Errorf("read a password: longer than %d bytes", maxSecret)
	}
	return line, nil
}

// ReadPasswordFile is ReadPassword from a file, or standard input for "-".
func ReadPasswordFile(path string) ([]byte, error) {
	if path == "-" {
		return ReadPassword(os.Stdin)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read a password: %w", err)
	}
	defer f.Close()
	password, err := ReadPassword(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return password, nil
}

// WritePassword stores the utadmin password for the tools, mode 0600.
func (p Paths) WritePassword(password []byte) error {
	return WriteFile(p.Password, append(bytes.Clone(password), '\n'), ModeSecret)
}

// ReadSignature reads a group signature: one line of text.
func ReadSignature(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the group signature: %w", err)
	}
	text := strings.TrimRight(string(data), "\r\n")
	switch {
	case strings.ContainsAny(text, "\r\n\x00"):
		return "", fmt.Errorf("read the group signature: %s has more than one line", path)
	case len(text) < minSignature || len(text) > maxSecret:
		return "", fmt.Errorf("read the group signature: %s has %d characters; %d to %d are wanted", path, len(text), minSignature, maxSecret)
	}
	return text, nil
}

// Origin tells where a group signature came from.
type Origin string

// The three origins, as words of a sentence.
const (
	SignatureKept      Origin = "kept"
	SignatureInstalled Origin = "installed"
	SignatureGenerated Origin = "generated"
)

// EnsureSignature sees to it that there is a group signature: the one of the
// file from if that is not empty, else the one that is there already, else a
// new one of 256 random bits. A signature that is replaced is kept as .bak.
func (p Paths) EnsureSignature(from string) (Origin, error) {
	current, err := ReadSignature(p.Signature)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if from == "" && current != "" {
		return SignatureKept, os.Chmod(p.Signature, ModeSecret)
	}
	text, origin := newSignature(), SignatureGenerated
	if from != "" {
		if text, err = ReadSignature(from); err != nil {
			return "", err
		}
		origin = SignatureInstalled
	}
	if current != "" && current != text {
		if err := WriteFile(p.Signature+".bak", []byte(current+"\n"), ModeSecret); err != nil {
			return "", err
		}
	}
	return origin, WriteFile(p.Signature, []byte(text+"\n"), ModeSecret)
}

func newSignature() string {
	var b [32]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}
