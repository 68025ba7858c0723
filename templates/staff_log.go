package templates

// staffLogPages are the pages of the audit log.
func staffLogPages() []page {
	return []page{
		{"staff/log", StaffLog{}},
		{"staff/act", StaffAct{}},
	}
}

// StaffLog lists what staff, keys and the program have done.
type StaffLog struct {
	StaffFrame
	Acts  StaffTable
	Next  string // address of the next page
	First string // of the first, when this is not it
}

// Section is the entry of the menu that leads here.
func (StaffLog) Section() string { return "log" }

// StaffAct is one act, and how it is proved.
type StaffAct struct {
	StaffFrame
	What          string
	Facts         []StaffFact
	Before, After string // JSON, indented
	Erased        bool   // what there was and why is destroyed
	Proof         []StaffFact
	Record        string // JSON
	Checkpoint    string
}

// Section is the entry of the menu that leads here.
func (StaffAct) Section() string { return "log" }
