// same.go: whether two messages mean the same.

package wiretest

import "reflect"

// Same compares the exported fields deeply and takes an empty slice for a nil one: reused memory
// is empty where new memory is nil.
func Same(a, b any) bool { return sameValue(reflect.ValueOf(a), reflect.ValueOf(b)) }

// sameValue is Same for one field or element.
func sameValue(a, b reflect.Value) bool {
	if a.IsValid() != b.IsValid() || (a.IsValid() && a.Type() != b.Type()) {
		return false
	}
	switch a.Kind() {
	case reflect.Invalid: // both are nil
		return true
	case reflect.Pointer, reflect.Interface:
		return a.IsNil() == b.IsNil() && (a.IsNil() || sameValue(a.Elem(), b.Elem()))
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !sameValue(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range a.NumField() {
			if a.Type().Field(i).IsExported() && !sameValue(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}
