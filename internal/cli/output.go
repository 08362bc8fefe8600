package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/wire"
)

// JSON renders an output for people and scripts: indented, names in order, and times
// as ISO 8601 where the wire has seconds.
func JSON(shape *api.Shape, out any) ([]byte, error) {
	var v any
	if err := json.Unmarshal(wire.AppendJSON(nil, shape, out), &v); err != nil {
		return nil, fmt.Errorf("render %s: %w", shape.Name, err)
	}
	return json.MarshalIndent(readable(shape, v), "", "    ")
}

// readable replaces the timestamps in v.
func readable(shape *api.Shape, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if shape.Kind == api.Map {
				v[name] = readable(shape.Elem, value)
			} else if m := shape.Member(name); m != nil {
				v[name] = readable(m.Shape, value)
			}
		}
	case []any:
		for i := range v {
			v[i] = readable(shape.Elem, v[i])
		}
	case float64:
		if shape.Kind == api.Timestamp {
			return time.UnixMilli(int64(math.Round(v * 1000))).UTC().Format("2006-01-02T15:04:05.000Z07:00")
		}
	}
	return v
}
