package tracker

import (
	"context"
	"strconv"
	"time"

	"assent/terms"
)

// EnteredStage and LeftStage are the tallies of people entering and leaving a
// stage.
func EnteredStage(stage int) Tally { return Tally("entered:" + strconv.Itoa(stage)) }

// LeftStage is the tally of people leaving a stage.
func LeftStage(stage int) Tally { return Tally("left:" + strconv.Itoa(stage)) }

// Store keeps the facts. Package models implements it; storetest holds every
// implementation to the same behaviour.
type Store interface {
	// View runs fn on one consistent read snapshot.
	View(ctx context.Context, fn func(Reader) error) error
	// Update runs fn in one write transaction, durable when Update returns nil.
	// An error of fn rolls everything back and is returned as it is.
	Update(ctx context.Context, fn func(Tx) error) error
	// SessionOver reports whether the session with an id was spent, its person
	// was signed out after it had begun, or there is no such person. Every page
	// asks it, so it takes no snapshot.
	SessionOver(ctx context.Context, person, id string, begun time.Time) (bool, error)
}

// Reader answers questions. A thing that does not exist is terms.NotFound,
// naming it; lists of nothing are empty.
type Reader interface {
	Version(ctx context.Context, ref terms.DocumentRef) (Version, error)
	// Versions lists the versions of a document (of all, for ""), newest
	// first, with Texts holding no Markdown.
	Versions(ctx context.Context, document string) ([]Version, error)

	Campaign(ctx context.Context, key string) (Campaign, error)
	Campaigns(ctx context.Context) ([]Campaign, error)
	Plan(ctx context.Context, campaign string, number int) (PlanRecord, error)
	// Plans lists all plans of a campaign, oldest first.
	Plans(ctx context.Context, campaign string) ([]PlanRecord, error)
	Holds(ctx context.Context, campaign string) ([]Hold, error)
	// Reversals lists all of a campaign, oldest first.
	Reversals(ctx context.Context, campaign string) ([]Reversal, error)
	// Breaker returns a campaign's, zero but for Campaign when nothing was
	// ever approved or stopped.
	Breaker(ctx context.Context, campaign string) (Breaker, error)
	// Restricted is how many people were newly restricted since the beginning
	// of the hour of an instant.
	Restricted(ctx context.Context, campaign string, since time.Time) (int64, error)
	Pause(ctx context.Context) (Pause, error)
	// Lease returns the zero lease of that name while nobody ever held it.
	Lease(ctx context.Context, name string) (Lease, error)
	// Failures lists a campaign's, of all for "", newest first.
	Failures(ctx context.Context, campaign string, limit int) ([]Failure, error)
	Approval(ctx context.Context, id string) (Approval, error)
	// Approvals lists a campaign's, of all for "", newest first.
	Approvals(ctx context.Context, campaign string, limit int) ([]Approval, error)

	Person(ctx context.Context, id string) (Person, error)
	// Account reads at once what the pages of a person ask about, each time.
	Account(ctx context.Context, id string) (Account, error)
	// People lists people with Ref > after in order of Ref.
	People(ctx context.Context, after int64, limit int) ([]Person, error)
	// Languages counts the people there are by language and type of account.
	Languages(ctx context.Context) ([]SpokenCount, error)
	// Enrollment locks the row when called on a Tx.
	Enrollment(ctx context.Context, person, campaign string) (Enrolled, error)
	// EnrollmentsOf finds those of people in one campaign, by person, and locks
	// them likewise. Whoever is not in it is left out.
	EnrollmentsOf(ctx context.Context, campaign string, people []string) (map[string]Enrolled, error)
	Enrollments(ctx context.Context, person string) ([]Enrolled, error)
	// Positions lists the enrollments of one campaign with Ref > after in
	// order of Ref.
	Positions(ctx context.Context, campaign string, after int64, limit int) ([]Enrolled, error)
	// Placed is Positions with no more than terms.Plan.Position goes by, and the
	// language: the gate loads everybody, and each column takes its time. What visit
	// is given is another's afterwards.
	Placed(ctx context.Context, campaign string, after int64, limit int, visit func(*Enrolled)) error
	// Bound lists the enrollments in a campaign of accounts that these people
	// own, by owner.
	Bound(ctx context.Context, campaign string, owners []string) (map[string][]Enrolled, error)
	// Unreached lists enrollments that wait for a notice to reach the person,
	// with Ref > after in order of Ref.
	Unreached(ctx context.Context, campaign string, after int64, limit int) ([]Enrolled, error)
	// Due lists enrollments with a NextAt that is not after now, beyond the
	// cursor, in its order; without those that failed MaxTries times.
	Due(ctx context.Context, campaign string, now time.Time, after Cursor, limit int) ([]Enrolled, error)
	// DueCount counts what Due would list from the beginning, at most limit.
	DueCount(ctx context.Context, campaign string, now time.Time, limit int) (int, error)
	// NextDue is the earliest NextAt of any campaign that Due would list, zero
	// when there is none.
	NextDue(ctx context.Context) (time.Time, error)

	Response(ctx context.Context, receiptID string) (Response, error)
	ResponseByKey(ctx context.Context, person, idempotencyKey string) (Response, error)
	// ResponsesByKey finds many at once; keys that were never used are left out.
	ResponsesByKey(ctx context.Context, keys []ResponseKey) (map[ResponseKey]Response, error)
	// Responses lists a person's choices, newest first.
	Responses(ctx context.Context, person string) ([]Response, error)
	// PersonKeys returns the keys of people's pseudonyms in the log, by Ref.
	// Whoever has none yet, or was erased, is left out.
	PersonKeys(ctx context.Context, refs []int64) (map[int64][]byte, error)
	Snapshot(ctx context.Context, sha256 string) (Snapshot, error)
	// Notices lists a person's notices, newest first.
	Notices(ctx context.Context, person string, limit int) ([]Notice, error)
	// Notice is one that was reported on the person with this Ref.
	Notice(ctx context.Context, ref int64, id string) (Notice, error)
	// Transitions lists the newest first, of a campaign or a person or both;
	// an empty string means any.
	Transitions(ctx context.Context, campaign, person string, limit int) ([]Transition, error)

	Counts(ctx context.Context, campaign string) ([]Count, error)
	Days(ctx context.Context, campaign string) ([]Day, error)
	// Runs lists the newest first.
	Runs(ctx context.Context, limit int) ([]Run, error)
	// Changes lists changes with Revision > after, in order, without gaps. They
	// carry the positions as they are now: see Change.
	Changes(ctx context.Context, after uint64, limit int) ([]Change, error)
	// Revision is the newest revision, 0 for none.
	Revision(ctx context.Context) (uint64, error)

	Head(ctx context.Context) (LogHead, error)
	// Records lists the canonical records of the log from a leaf index on.
	Records(ctx context.Context, from int64, limit int) ([][]byte, error)
	// Tile returns the stored bytes of a tile by its path.
	Tile(ctx context.Context, path string) ([]byte, error)

	// Key finds a key by the SHA-256 of its secret, or of the one before its last
	// rotation, in hex.
	Key(ctx context.Context, hash string) (APIKey, error)
	Keys(ctx context.Context) ([]APIKey, error)
	StaffMember(ctx context.Context, name string) (StaffMember, error)
	// StaffAt finds who is bound to an account of a provider.
	StaffAt(ctx context.Context, issuer, subject string) (StaffMember, error)
	// StaffOf finds whose address an e-mail is, in lower case.
	StaffOf(ctx context.Context, email string) (StaffMember, error)
	// StaffMembers lists them by name, those who were removed too.
	StaffMembers(ctx context.Context) ([]StaffMember, error)
	// Staffed reports whether there is anybody who was not removed.
	Staffed(ctx context.Context) (bool, error)
	Webhook(ctx context.Context, id string) (Webhook, error)
	// Webhooks lists them in order of creation.
	Webhooks(ctx context.Context) ([]Webhook, error)
	// WebhookLetters lists a webhook's, given up or still tried, in order of revision.
	WebhookLetters(ctx context.Context, webhook string, dead bool, limit int) ([]WebhookLetter, error)
	// Points lists enforcement points by name.
	Points(ctx context.Context) ([]Point, error)
	// Acts lists the newest first.
	Acts(ctx context.Context, limit int) ([]Act, error)
	// ActsOf lists those that a query asks for, newest first.
	ActsOf(ctx context.Context, q ActQuery) ([]Act, error)
	Act(ctx context.Context, id string) (Act, error)

	// Traces lists what leads to a person whose account is there or gone, in
	// order of Ref; empty when nothing does.
	Traces(ctx context.Context, person string) ([]Trace, error)
	// Pseudonyms lists who has one in the log and is not erased, with Ref > after
	// in order of Ref.
	Pseudonyms(ctx context.Context, after int64, limit int) ([]PersonKey, error)
	// Held lists everything that is kept of such a person.
	Held(ctx context.Context, person string) ([]Holding, error)
	// Erasures lists them, oldest first.
	Erasures(ctx context.Context) ([]Erasure, error)

	PostReader
}

// Tx is a write transaction. Every write states what it expects to find; a
// miss is terms.Conflict, and nothing of the transaction remains.
type Tx interface {
	Reader

	// Began is the newest revision before the transaction.
	Began() uint64

	// PutVersion stores or replaces a draft with its texts; Conflict when the
	// version is published.
	PutVersion(ctx context.Context, v Version) error
	// Publish makes a draft immutable; Conflict when it is published already.
	Publish(ctx context.Context, ref terms.DocumentRef, at time.Time) error

	// AddPlan numbers and stores a plan, creating the campaign when new.
	AddPlan(ctx context.Context, p PlanRecord) (int, error)
	// Activate makes a plan the active one, and the confirmed one as well if
	// confirmed; it sets EnrolledTo to zero and adds a ChangePlan. Conflict
	// when it is active already.
	Activate(ctx context.Context, campaign string, number int, confirmed bool, at time.Time) error
	// Confirm makes the active plan the confirmed one, sets EnrolledTo to zero
	// and adds a ChangePlan. Conflict when number is not the active plan, or
	// is confirmed already.
	Confirm(ctx context.Context, campaign string, number int, at time.Time) error
	SetEnrolledTo(ctx context.Context, campaign string, ref int64) error
	// AddHold stores a hold and adds a ChangeHold.
	AddHold(ctx context.Context, h Hold) error
	// EndHold sets the end of an open or future hold and adds a ChangeHold.
	EndHold(ctx context.Context, campaign, id string, at time.Time, by, reason string) (Hold, error)
	// AddReversal stores a reversal and adds a ChangeReversal.
	AddReversal(ctx context.Context, r Reversal) error
	// UndoReversal sets Undone, UndoneBy, UndoReason and UndoBefore of a
	// reversal and adds a ChangeReversal; Conflict when it is undone already.
	UndoReversal(ctx context.Context, r Reversal) error
	SetBreaker(ctx context.Context, b Breaker) error
	// AddRestricted counts people newly restricted at an instant.
	AddRestricted(ctx context.Context, campaign string, at time.Time, people int) error
	SetPause(ctx context.Context, p Pause) error
	// TakeLease gives a lease to a holder until an instant, with a Fence one
	// higher unless the holder has it already; false, and the lease as it is,
	// while another holds one that has not expired by now.
	TakeLease(ctx context.Context, name, holder string, now, until time.Time) (Lease, bool, error)
	// EndLease lets a lease expire, if the fence is still the holder's.
	EndLease(ctx context.Context, name string, fence int64) error
	// AddFailure counts one more try of an enrollment and returns how many.
	AddFailure(ctx context.Context, f Failure) (int, error)
	// EndFailure forgets a failure; NotFound when there is none.
	EndFailure(ctx context.Context, campaign, person string) error
	AddApproval(ctx context.Context, a Approval) error
	// DecideApproval moves an open approval to the state it has now; Conflict
	// when it is not open any more.
	DecideApproval(ctx context.Context, a Approval) error

	// PutPeople stores new people and updates country, locale, type, attributes
	// and owner of known ones; it returns them with Ref set, in the order given.
	PutPeople(ctx context.Context, people []Person) ([]Person, error)
	// DeletePerson removes the account and its enrollments, with a
	// ChangeRemoved for each, its failures, contact and deliveries; accounts it
	// owned have no owner any more. Responses and transitions stay.
	DeletePerson(ctx context.Context, id string, at time.Time) error
	// Enroll adds people to a campaign, passing over those who are in it, and
	// reports how many were added. It writes counts, TallyEnrolled and a
	// ChangeEnrolled each.
	Enroll(ctx context.Context, rows []Enrolled, at time.Time) (int, error)
	// Save writes moves by compare-and-set on Seq. It returns, for each, the
	// revision of its change, or 0 where the row had moved on and nothing was
	// written for it.
	Save(ctx context.Context, moves []Move, at time.Time) ([]uint64, error)
	AddNotice(ctx context.Context, n Notice) error

	AddPersonKeys(ctx context.Context, keys []PersonKey) error
	// AddResponses stores responses, but for their Records, which SaveLog
	// stores; Conflict when a person used the idempotency key before.
	AddResponses(ctx context.Context, list []Response) error
	// PutSnapshot stores a page unless it is there.
	PutSnapshot(ctx context.Context, s Snapshot) error
	// SaveLog moves the head from one state to the next by compare-and-set on
	// its size, and stores the records that lie between the two, and the tiles,
	// replacing those of the same path.
	SaveLog(ctx context.Context, from, to LogHead, records [][]byte, tiles []Tile) error

	StartRun(ctx context.Context, r Run) error
	FinishRun(ctx context.Context, r Run) error

	// Spend marks a token as used until it expires, and forgets those that have
	// expired by now; Conflict when it is marked already.
	Spend(ctx context.Context, id string, expires, now time.Time) error
	// SignOut ends the sessions of a person that began before an instant.
	SignOut(ctx context.Context, ref int64, at time.Time) error

	AddKey(ctx context.Context, k APIKey) error
	RevokeKey(ctx context.Context, id string, at time.Time) error
	// RotateKey writes Hash, Previous and PreviousUntil of a key whose hash is
	// still Previous; Conflict when it is not, or when the key is revoked.
	RotateKey(ctx context.Context, k APIKey) error
	AddStaff(ctx context.Context, s StaffMember) error
	// SetStaff writes all that is known of a member by name.
	SetStaff(ctx context.Context, s StaffMember) error
	// AddAct stores an act, but for its Record, which SaveLog stores.
	AddAct(ctx context.Context, a Act) error

	// ErasePerson is DeletePerson, where the account is still there, and destroys
	// everything that leads to the person: the details, salts and keys of
	// records, the client's keys of choices, what staff wrote. Only the
	// ChangeRemoved goes on naming the person, until ForgetNames. Holds of this
	// person end and name the record of the erasure in the person's place.
	ErasePerson(ctx context.Context, id string, record int64, by string, at time.Time) error
	AddErasure(ctx context.Context, e Erasure) error
	SetScrubbed(ctx context.Context, ids []string, at time.Time) error
	// ForgetNames takes the names off the journal of those who were removed at an
	// instant or before.
	ForgetNames(ctx context.Context, until time.Time) error

	PostTx

	AddWebhook(ctx context.Context, w Webhook) error
	// SetWebhook writes all but Created, Place, Failing and Said.
	SetWebhook(ctx context.Context, w Webhook) error
	DeleteWebhook(ctx context.Context, id string) error
	// MoveWebhook moves a webhook's place by compare-and-set.
	MoveWebhook(ctx context.Context, id string, from, to uint64, failing int, said string) error
	// PutWebhookLetter adds a letter, or replaces it.
	PutWebhookLetter(ctx context.Context, l WebhookLetter) error
	EndWebhookLetter(ctx context.Context, webhook string, revision uint64) error

	// PutPoint adds an enforcement point, or replaces it.
	PutPoint(ctx context.Context, p Point) error
	DeletePoint(ctx context.Context, name string) error
}
