package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"assent/internal/testenv"
)

// byOFREP is both questions of OFREP with a context.
func byOFREP(context func(n int) string) (question, question) {
	return question{name: "one flag", path: "/ofrep/v1/evaluate/flags/messages.send", body: context, values: verdict("value")},
		question{name: "ten flags", path: "/ofrep/v1/evaluate/flags", body: context, values: verdicts}
}

// toldTheStage is a context of whoever has to be told where a person stands.
func toldTheStage(n int) string {
	return fmt.Sprintf(`{"context":{"targetingKey":"u%d","stage":"%s"}}`, n, stageOf(n))
}

func stageOf(n int) string {
	if limited(n) {
		return "limited"
	}
	return "announced"
}

// goFeatureFlag is its relay proxy with a rule for each flag.
func goFeatureFlag(b *testing.B, _ int) *peer {
	b.Helper()
	at, dir := address(b), b.TempDir()
	var flags strings.Builder
	for i, flag := range tenFlags {
		fmt.Fprintf(&flags, "%s:\n  variations: {\"on\": true, \"off\": false}\n  defaultRule: {variation: \"on\"}\n", flag)
		if i < 5 {
			flags.WriteString("  targeting: [{query: 'stage eq \"limited\"', variation: \"off\"}]\n")
		}
	}
	settings := fmt.Sprintf("server: {mode: http, port: %s}\nhideBanner: true\nlogLevel: ERROR\npollingInterval: 600000\nretrievers: [{kind: file, path: %s}]\n",
		portOf(at), write(b, dir, "flags.yaml", flags.String()))
	return newPeer(b, "GO Feature Flag", "relayproxy", at, toldTheStage, "--config", write(b, dir, "goff.yaml", settings))
}

// flagd has a rule for each flag.
func flagd(b *testing.B, _ int) *peer {
	b.Helper()
	flags := map[string]any{}
	for i, flag := range tenFlags {
		one := map[string]any{"state": "ENABLED", "variants": map[string]bool{"on": true, "off": false}, "defaultVariant": "on"}
		if i < 5 {
			one["targeting"] = json.RawMessage(`{"if":[{"==":[{"var":"stage"},"limited"]},"off","on"]}`)
		}
		flags[flag] = one
	}
	at := address(b)
	return newPeer(b, "flagd", "flagd", at, toldTheStage, "start", "--uri", "file:"+write(b, b.TempDir(), "flags.json", object("flags", flags)),
		"--ofrep-port", portOf(at), "--port", portOf(address(b)), "--management-port", portOf(address(b)), "--sync-port", portOf(address(b)))
}

// fliptName is Flipt's name of a flag, in which it takes no dots.
func fliptName(flag string) string { return strings.ReplaceAll(flag, ".", "_") }

// flipt has a segment of those who are limited, and a rollout for each flag that
// they lack. It reads them from a repository.
func flipt(b *testing.B, _ int) *peer {
	b.Helper()
	at, dir := address(b), b.TempDir()
	var flags strings.Builder
	flags.WriteString("version: \"1.5\"\nnamespace: {key: default, name: Default}\nflags:\n")
	for i, flag := range tenFlags {
		fmt.Fprintf(&flags, "- {key: %s, name: %[1]s, type: BOOLEAN_FLAG_TYPE, enabled: true", fliptName(flag))
		if i < 5 {
			flags.WriteString(", rollouts: [{segment: {key: limited, value: false}}]")
		}
		flags.WriteString("}\n")
	}
	flags.WriteString("segments:\n- key: limited\n  name: limited\n  match_type: ALL_MATCH_TYPE\n" +
		"  constraints: [{type: STRING_COMPARISON_TYPE, property: stage, operator: eq, value: limited}]\n")
	repository := filepath.Join(dir, "flags")
	if err := os.MkdirAll(filepath.Join(repository, "default"), 0o700); err != nil {
		b.Fatal(err)
	}
	write(b, filepath.Join(repository, "default"), "features.yaml", flags.String())
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "-A"}, {"-c", "user.name=x", "-c", "user.email=x@x.invalid", "commit", "-q", "-m", "flags"}} {
		git := exec.CommandContext(b.Context(), "git", args...)
		git.Dir = repository
		if out, err := git.CombinedOutput(); err != nil {
			b.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	settings := fmt.Sprintf("log: {level: ERROR}\nserver: {protocol: http, host: 127.0.0.1, http_port: %s, grpc_port: %s}\n"+
		"storage: {default: {name: default, branch: main, backend: {type: local, path: %s}}}\n"+
		"environments: {default: {name: default, storage: default, default: true}}\n"+
		"meta: {check_for_updates: false, telemetry_enabled: false}\n", portOf(at), portOf(address(b)), repository)
	p := newPeer(b, "Flipt", "flipt", at, toldTheStage, "server", "--config", write(b, dir, "flipt.yaml", settings))
	if p != nil {
		p.questions[0].path = fliptName(p.questions[0].path)
		p.questions[1].values = func(body []byte) string {
			for _, flag := range tenFlags {
				body = bytes.ReplaceAll(body, []byte(`"`+fliptName(flag)+`"`), []byte(`"`+flag+`"`))
			}
			return verdicts(body)
		}
	}
	return p
}

// policy is what OPA goes by: the flags that a stage takes are data.
const policy = `package terms

default one := true

one := false if input.flag in off

off := data.stages[%s].off

all[flag] := true if {
	some flag in data.flags
	not flag in off
}

all[flag] := false if some flag in off
`

// opa looks a person up, as Assent does: all of them are in its data.
func opa(b *testing.B, people int) *peer {
	b.Helper()
	stages := make(map[string]string, people)
	for n := range people {
		stages[fmt.Sprint("u", n)] = stageOf(n)
	}
	return newOPA(b, "Open Policy Agent, people in its data", "data.people[input.person]", map[string]any{"people": stages}, func(n int) string {
		return fmt.Sprintf(`{"input":{"person":"u%d","flag":"messages.send"}}`, n)
	})
}

// opaOfStages is told the stage.
func opaOfStages(b *testing.B, _ int) *peer {
	b.Helper()
	return newOPA(b, "Open Policy Agent, told the stage", "input.stage", map[string]any{}, func(n int) string {
		return fmt.Sprintf(`{"input":{"person":"u%d","stage":"%s","flag":"messages.send"}}`, n, stageOf(n))
	})
}

func newOPA(b *testing.B, name, stage string, data map[string]any, input func(int) string) *peer {
	b.Helper()
	data["flags"] = tenFlags
	data["stages"] = map[string]any{"announced": map[string]any{"off": []string{}}, "limited": map[string]any{"off": tenFlags[:5]}}
	facts, err := json.Marshal(data)
	if err != nil {
		b.Fatal(err)
	}
	at, dir := address(b), b.TempDir()
	p := newPeer(b, name, "opa", at, nil, "run", "--server", "--addr", at, "--log-level", "error", "--disable-telemetry",
		write(b, dir, "terms.rego", fmt.Sprintf(policy, stage)), write(b, dir, "data.json", string(facts)))
	if p != nil {
		p.questions = []question{
			{name: "one flag", path: "/v1/data/terms/one", body: input, values: verdict("result")},
			{name: "ten flags", path: "/v1/data/terms/all", body: input, values: results},
		}
	}
	return p
}

// newPeer starts a program of ASSENT_PEERS; nil when it is not there.
func newPeer(b *testing.B, name, file, at string, context func(int) string, args ...string) *peer {
	b.Helper()
	path := filepath.Join(os.Getenv("ASSENT_PEERS"), file)
	if _, err := os.Stat(path); os.Getenv("ASSENT_PEERS") == "" || err != nil {
		b.Logf("without %s: no program %s in the directory ASSENT_PEERS", name, file)
		return nil
	}
	cmd := exec.CommandContext(b.Context(), path, args...)
	cmd.Dir = b.TempDir()
	daemon(b, new(testenv.Log), at, cmd)
	one, all := byOFREP(context)
	return &peer{name, "http://" + at, cmd.Process.Pid, []question{one, all}}
}

func portOf(address string) string { return address[strings.LastIndex(address, ":")+1:] }
