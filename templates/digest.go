package templates

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"reflect"
	"time"
)

// digest is over everything that a view holds, so that no field which is added to one can be forgotten.
func digest(view any) [sha256.Size]byte {
	return sha256.Sum256(appendValue(make([]byte, 0, 16<<10), reflect.ValueOf(view)))
}

// appendValue writes a value so that no other one of its type is written alike.
func appendValue(dst []byte, v reflect.Value) []byte {
	if v.Type() == reflect.TypeFor[Locale]() { // everything else in it follows from the tag
		return appendText(dst, v.Field(0).String())
	}
	switch v.Kind() {
	case reflect.String:
		return appendText(dst, v.String())
	case reflect.Bool:
		return appendFlag(dst, v.Bool())
	case reflect.Int:
		return binary.AppendVarint(dst, v.Int())
	case reflect.Slice:
		dst = binary.AppendUvarint(dst, uint64(v.Len()))
		for i := range v.Len() {
			dst = appendValue(dst, v.Index(i))
		}
		return dst
	case reflect.Pointer:
		if dst = appendFlag(dst, v.IsNil()); v.IsNil() {
			return dst
		}
		if zone, ok := v.Interface().(*time.Location); ok {
			return appendText(dst, zone.String())
		}
		return appendValue(dst, v.Elem())
	case reflect.Struct:
		if at, ok := v.Interface().(time.Time); ok {
			return binary.AppendVarint(binary.AppendVarint(dst, at.Unix()), int64(at.Nanosecond()))
		}
		for i := range v.NumField() {
			dst = appendValue(dst, v.Field(i))
		}
		return dst
	default:
		return appendText(dst, fmt.Sprintf("%#v", v.Interface()))
	}
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

func appendFlag(dst []byte, flag bool) []byte {
	if flag {
		return append(dst, 1)
	}
	return append(dst, 0)
}
