package config

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"
)

// prefix starts the name of every environment variable that is ours.
const prefix = "ASSENT_"

// demoClock is the one variable of ours that is not a setting.
const demoClock = prefix + "DEMO_CLOCK"

// Load merges the defaults in base, the operator's file and the variables in
// environ that start with ASSENT_, each over the one before, and checks the
// result. An empty file name means there is no such file. A list in the file
// replaces the whole list of the defaults. Every single value can be set by a
// variable named by its path: server.listen is ASSENT_SERVER_LISTEN; a list of
// texts takes commas.
//
// The error, if any, is an *Invalid with everything that is wrong.
func Load(base []byte, file string, environ []string) (Config, error) {
	var wrong faults
	v := viper.New()
	v.SetConfigType("yaml")
	if err := v.ReadConfig(bytes.NewReader(base)); err != nil {
		wrong.add("config.yaml", nil, err.Error())
	}
	names := variables(v)
	if err := v.MergeConfigMap(readFile(file, &wrong)); err != nil {
		wrong.add(file, nil, err.Error())
	}
	for name, text := range given(environ) {
		key, known := names[name]
		if !known {
			wrong.add(name, nil, "is not a variable of this version")
			continue
		}
		v.Set(key, fitted(text, v.Get(key)))
	}
	d := decode(v.AllSettings(), &wrong)
	config := d.resolve(&wrong)
	config.check(&wrong)
	config.Server.PublicURL = config.Server.reachedAt()
	return config, wrong.orNil()
}

// readFile returns what the operator's file sets. It is decoded on its own
// first, because merging would lose the key that nobody knows, and quietly
// ignore a plain value where a section is wanted.
func readFile(file string, wrong *faults) map[string]any {
	if file == "" {
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		wrong.add(file, nil, "cannot be read: "+err.Error())
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var settings map[string]any
	if err := dec.Decode(&settings); err != nil && !errors.Is(err, io.EOF) {
		wrong.add(file, nil, "is not a YAML file of settings: "+err.Error())
		return nil
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		wrong.add(file, nil, "holds more than one YAML document")
	}
	decode(maps.Clone(settings), wrong)
	return settings
}

// variables maps the name of an environment variable to the key it sets. Lists
// of capabilities, profiles and routes belong in a file.
func variables(v *viper.Viper) map[string]string {
	names := map[string]string{}
	for _, key := range v.AllKeys() {
		if !slices.Contains([]string{"capabilities", "profiles", "gateway.routes"}, key) {
			names[prefix+strings.ToUpper(strings.ReplaceAll(key, ".", "_"))] = key
		}
	}
	return names
}

// given picks our variables out of an environment; the last of a name counts.
func given(environ []string) map[string]string {
	ours := map[string]string{}
	for _, line := range environ {
		name, text, _ := strings.Cut(line, "=")
		if strings.HasPrefix(name, prefix) && name != demoClock {
			ours[name] = text
		}
	}
	return ours
}

// fitted turns the text of a variable into the type of the value it replaces.
// Text that does not fit stays text, and decoding then says what is wanted.
func fitted(text string, old any) any {
	switch old.(type) {
	case int:
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
	case float64:
		if x, err := strconv.ParseFloat(text, 64); err == nil {
			return x
		}
	case bool:
		if text == "true" || text == "false" {
			return text == "true"
		}
	case []any, []string:
		return split(text)
	}
	return text
}

// split reads a list of texts: the parts between commas, none of them empty.
func split(text string) []any {
	list := []any{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}
