package templates

// gatewayPages are shown by a gateway in the place of another server's.
func gatewayPages() []page { return []page{{"gateway/refused", Refused{}}} }

// Refused is what a person sees instead of what is off. It stands alone: nothing
// that its address is relative to is ours.
type Refused struct {
	Locale
	Brand     string
	Name      string // of what is off
	AcceptURL string // of the choice page; "": there is none
}
