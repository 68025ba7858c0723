package templates

// staffIntegratePages are those for who connects other systems.
func staffIntegratePages() []page {
	return []page{
		{"staff/points", StaffPoints{}},
		{"staff/webhooks", StaffWebhooks{}},
		{"staff/webhook", StaffWebhook{}},
		{"staff/developers", StaffDevelopers{}},
	}
}

// StaffPoints shows how far those who enforce have come.
type StaffPoints struct {
	StaffFrame
	Here     []StaffFact
	Points   StaffTable
	Webhooks StaffTable
}

// Section is the entry of the menu that leads here.
func (StaffPoints) Section() string { return "enforcement" }

// StaffWebhooks lists whom changes are told.
type StaffWebhooks struct {
	StaffFrame
	Webhooks StaffTable
}

// Section is the entry of the menu that leads here.
func (StaffWebhooks) Section() string { return "webhooks" }

// StaffWebhook is one of them, with what could not be delivered to it.
type StaffWebhook struct {
	StaffFrame
	URL       string
	Facts     []StaffFact
	Dead      StaffTable
	Waiting   StaffTable
	RetryURL  string // "": nothing was given up
	EnableURL string // "": it is called
}

// Section is the entry of the menu that leads here.
func (StaffWebhook) Section() string { return "webhooks" }

// StaffDevelopers shows how an app asks, for a person and a capability, and what
// it is answered.
type StaffDevelopers struct {
	StaffFrame
	Person     string
	Capability string
	Choices    []StaffOption // capabilities
	Answer     string        // JSON, indented
	Samples    []StaffSample
	Stages     []StaffTable // what each stage answers, by campaign
}

// StaffSample is a request in a programming language.
type StaffSample struct{ ID, Language, Code string }

// Section is the entry of the menu that leads here.
func (StaffDevelopers) Section() string { return "developers" }
