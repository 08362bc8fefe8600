package wire

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestZZSanity(t *testing.T) {
	// write XML for botocore, 3 draws per op
	var out []map[string]string
	texts := rapid.Map(rapid.String(), xmlable)
	for _, q := range queryOperations()[1:] {
		if q.op.Output == nil {
			out = append(out, map[string]string{"svc": q.svc.Name, "op": q.op.Name, "xml": string(AppendXML(nil, q.svc, q.op, "rid", nil)), "json": "{}"})
			continue
		}
		for i := range 3 {
			o := q.output()
			rapid.Custom(func(t *rapid.T) int { draw(t, texts, q.op.Output, reflect.ValueOf(o).Elem(), -1); return 0 }).Example(i)
			out = append(out, map[string]string{"svc": q.svc.Name, "op": q.op.Name, "xml": string(AppendXML(nil, q.svc, q.op, "rid", o)), "json": string(AppendJSON(nil, q.op.Output, o))})
		}
	}
	b, _ := json.Marshal(out)
	os.WriteFile("/tmp/sanity_out.json", b, 0o600)
	// read forms of botocore
	in, err := os.ReadFile("/tmp/sanity_in.json")
	if err != nil { t.Skip(err) }
	var forms []map[string]string
	json.Unmarshal(in, &forms)
	for _, f := range forms {
		for _, q := range queryOperations()[1:] {
			if q.svc.Name == f["svc"] && q.op.Name == f["op"] {
				form, err := ParseForm([]byte(f["body"]), "")
				if err != nil { t.Error(f, err); continue }
				dst := q.input()
				err = DecodeForm(q.op.Input, form, dst)
				fmt.Println(f["op"], f["body"], "\n  =>", err, string(AppendJSON(nil, q.op.Input, dst)))
			}
		}
	}
}
