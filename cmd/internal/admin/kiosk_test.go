package admin

import "testing"

func TestKioskTextIsLinesWhateverTheEditor(t *testing.T) {
	k, err := ParseKiosk("default", "\ufeffKIOSK_SESSION=jds\r\n\r\n x = \u00e9 \r\n\r\n")
	if want := (Kiosk{Name: "default", Type: "jds", Config: "KIOSK_SESSION=jds\n\n x = \u00e9 "}); err != nil || k != want {
		t.Errorf("%+v, %v", k, err)
	}
}
