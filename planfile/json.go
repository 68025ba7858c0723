package planfile

import (
	"bytes"
	"encoding/json"
	"fmt"

	"assent/terms"

	"go.yaml.in/yaml/v3"
)

// fromJSON makes the tree of a JSON file. YAML's own reader would do for most
// JSON, but not for its surrogate pairs and not for tabs.
func fromJSON(data []byte) (*yaml.Node, *terms.Fault) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	n, err := jsonNode(dec)
	if err != nil {
		return nil, &terms.Fault{Path: "file", Detail: "cannot be read: " + err.Error()}
	}
	return n, nil
}

func jsonNode(dec *json.Decoder) (*yaml.Node, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, fmt.Errorf("json: %w", err)
	}
	switch t := token.(type) {
	case json.Delim:
		return jsonContainer(dec, t)
	case string:
		return scalar("!!str", t), nil
	case json.Number:
		return scalar(numberTag(t), t.String()), nil
	case bool:
		return scalar("!!bool", fmt.Sprint(t)), nil
	default:
		return scalar("!!null", "null"), nil
	}
}

// jsonContainer reads up to the closing bracket. Keys and values alternate in
// an object just as a mapping node lists them.
func jsonContainer(dec *json.Decoder, open json.Delim) (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if open == '[' {
		n = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	}
	for dec.More() {
		item, err := jsonNode(dec)
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, item)
	}
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("json: %w", err)
	}
	return n, nil
}

func numberTag(n json.Number) string {
	if _, err := n.Int64(); err != nil {
		return "!!float"
	}
	return "!!int"
}

func scalar(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}
