package token

import (
	"bytes"
	"encoding/asn1"
	"math/big"
	"testing"
)

func TestFixedWidth(t *testing.T) {
	t.Parallel()
	der := func(r, s *big.Int) []byte {
		b, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	top := new(big.Int).Lsh(big.NewInt(1), 255)
	over := new(big.Int).Lsh(big.NewInt(1), 256)
	for _, tc := range []struct {
		name string
		der  []byte
		want []byte // nil: refused
	}{
		{"short numbers", der(big.NewInt(1), big.NewInt(0x0203)),
			append(append(make([]byte, 31), 1), append(make([]byte, 30), 2, 3)...)},
		{"sign bytes", der(top, top),
			append(append([]byte{0x80}, make([]byte, 31)...), append([]byte{0x80}, make([]byte, 31)...)...)},
		{"R is too large", der(over, top), nil},
		{"S is too large", der(top, over), nil},
		{"R is zero", der(new(big.Int), top), nil},
		{"S is negative", der(top, big.NewInt(-1)), nil},
		{"more behind", append(der(top, top), 0), nil},
		{"cut", der(top, top)[:60], nil},
		{"empty", nil, nil},
	} {
		got, err := fixedWidth(tc.der)
		if !bytes.Equal(got, tc.want) || (err == nil) != (tc.want != nil) {
			t.Errorf("%s: fixedWidth(%x) = %x, %v, want %x", tc.name, tc.der, got, err, tc.want)
		}
	}
}
