package staff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// developers shows how an app asks about a capability, what it is answered now
// for a person, and what each stage answers.
func (s console) developers(c *gin.Context) error {
	frame, err := s.frame(c)
	if err != nil {
		return err
	}
	key := c.DefaultQuery("capability", s.Tracker.Catalogue[0].Key)
	capability, known := s.Tracker.Catalogue.Find(key)
	if !known {
		return terms.Errorf(terms.NotFound, "there is no capability %q", key)
	}
	view := templates.StaffDevelopers{StaffFrame: frame, Person: strings.TrimSpace(c.DefaultQuery("person", "test-person")), Capability: key}
	for _, one := range s.Tracker.Catalogue {
		view.Choices = append(view.Choices, option(one.Key, one.Key, key))
	}
	entry, _ := s.Gate.Entry(view.Person)
	answer, _ := entry.AppendFlag(nil, key, frame.AsOf) // every capability is a flag
	var indented bytes.Buffer
	if err := json.Indent(&indented, answer, "", "  "); err != nil {
		return fmt.Errorf("show the answer: %w", err)
	}
	view.Answer = indented.String()
	view.Samples = samples(s.PublicURL, view.Person, key)
	all, err := s.Tracker.Overviews(c.Request.Context())
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.Campaign.Plan != 0 {
			view.Stages = append(view.Stages, stageAnswers(o, capability))
		}
	}
	return s.render(c, http.StatusOK, "staff/developers", view)
}

// stageAnswers is what the flag says to somebody in each stage who has not
// accepted. Stages accumulate.
func stageAnswers(o tracker.Overview, capability terms.Capability) templates.StaffTable {
	t := templates.StaffTable{
		ID: "stages-" + o.Campaign.Key, Title: "What each stage of " + o.Plan.Title.In("en") + " answers", Say: "Before they accept. Regions, holds and reversals can be gentler.",
		Head: []templates.StaffCell{{Text: "Stage"}, {Text: "value"}, {Text: "reason"}, {Text: "variant"}},
	}
	value, reason, variant := capability.Default(), "STATIC", "default"
	if slices.Contains(o.Plan.Grants, capability.Key) {
		reason, variant = "TARGETING_MATCH", string(terms.ReasonNotGranted)
	}
	for _, stage := range o.Plan.Stages {
		if next := stageValue(stage, capability, value); next != value {
			value, reason, variant = next, "TARGETING_MATCH", stage.Key
		}
		t.Rows = append(t.Rows, []templates.StaffCell{{Text: humane(stage.Key)}, {Text: value.String()}, {Text: reason}, {Text: variant}})
	}
	return t
}

func stageValue(stage terms.Stage, capability terms.Capability, value terms.Value) terms.Value {
	if slices.Contains(stage.Off, capability.Key) {
		return capability.Off()
	}
	for _, set := range stage.Set {
		if set.Capability == capability.Key && capability.Stricter(set.Value, value) {
			return set.Value
		}
	}
	return value
}

// samples ask about a capability of a person in the languages of apps.
func samples(base, person, capability string) []templates.StaffSample {
	body, err := json.Marshal(map[string]any{"context": map[string]string{"targetingKey": person}})
	if err != nil { // a text always marshals
		body = []byte("{}")
	}
	quoted, err := json.Marshal(person)
	if err != nil {
		quoted = []byte(`""`)
	}
	fill := strings.NewReplacer("<URL>", base, "<PATH>", base+"/ofrep/v1/evaluate/flags/"+url.PathEscape(capability), "<CAPABILITY>", capability,
		"<BODY>", string(body), "<SHELL>", strings.ReplaceAll(string(body), "'", `'\''`), "<PERSON>", string(quoted))
	list := []templates.StaffSample{
		{ID: "curl", Language: "curl", Code: curlSample}, {ID: "js", Language: "JavaScript, OpenFeature in a browser", Code: jsSample},
		{ID: "kotlin", Language: "Kotlin, with OkHttp", Code: kotlinSample}, {ID: "swift", Language: "Swift", Code: swiftSample}, {ID: "go", Language: "Go, OpenFeature", Code: goSample},
	}
	for i := range list {
		list[i].Code = fill.Replace(list[i].Code)
	}
	return list
}

// The samples. An app on a device has a public key, with the scope flags:own, and
// a token of its person; a server has a key with the scope flags:read.
const (
	curlSample = `# KEY has the scope flags:read: assent key create my-server --scope flags:read
curl -sS "<PATH>" -H "X-API-Key: $KEY" \
  -H 'Content-Type: application/json' -d '<SHELL>'`

	jsSample = `import { OpenFeature } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';

// publicKey has the scope flags:own; your server gets flagsToken for its signed-in
// person from POST /api/v1/people/{id}/flags-token.
await OpenFeature.setContext({ targetingKey: <PERSON> });
await OpenFeature.setProviderAndWait(new OFREPWebProvider({
  baseUrl: '<URL>',
  headers: [['X-API-Key', publicKey], ['Authorization', 'Bearer ' + flagsToken]],
}));
const flag = OpenFeature.getClient().getBooleanDetails('<CAPABILITY>', true);`

	kotlinSample = `val request = Request.Builder()
    .url("<PATH>")
    .header("X-API-Key", publicKey).header("Authorization", "Bearer $flagsToken")
    .post("""<BODY>""".toRequestBody("application/json".toMediaType()))
    .build()
val allowed = OkHttpClient().newCall(request).execute().use { answer ->
    JSONObject(answer.body!!.string()).optBoolean("value", true)
}`

	swiftSample = `var request = URLRequest(url: URL(string: "<PATH>")!)
request.httpMethod = "POST"
request.setValue("application/json", forHTTPHeaderField: "Content-Type")
request.setValue(publicKey, forHTTPHeaderField: "X-API-Key")
request.setValue("Bearer \(flagsToken)", forHTTPHeaderField: "Authorization")
request.httpBody = #"<BODY>"#.data(using: .utf8)
let (data, _) = try await URLSession.shared.data(for: request)
let answer = try JSONSerialization.jsonObject(with: data) as? [String: Any]
let allowed = answer?["value"] as? Bool ?? true`

	goSample = `provider := ofrep.NewProvider("<URL>", ofrep.WithBearerToken(key))
if err := openfeature.SetProviderAndWait(provider); err != nil {
	return err
}
person := openfeature.NewEvaluationContext(<PERSON>, nil)
allowed, err := openfeature.NewClient("my-server").BooleanValue(ctx, "<CAPABILITY>", true, person)`
)
