// Package storetest holds every implementation of tracker.Store to the same
// behaviour.
package storetest

import (
	"context"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"assent/tracker"
)

// Run checks a store against the contract of tracker.Store. open returns a new,
// empty one each time it is called, and closes it when its test ends.
func Run(t *testing.T, open func(t *testing.T) tracker.Store) {
	for _, check := range []func(*store){
		draftsAreKeptByteForByteAndReplaced,
		publishedVersionsCannotBeChanged,
		aVersionHasOneTextPerLocale,
		versionsAreListedNewestFirstWithoutTheirMarkdown,
		plansAreNumberedPerCampaignAndKeptWhole,
		activatingAPlanStartsTheWalkAnewAndTellsFollowers,
		confirmingAPlanStartsTheWalkAnewAndTellsFollowers,
		holdsArePlacedAndEndedOnce,
		reversalsAreMadeAndUndoneOnce,
		approvalsAreDecidedOnce,
		peopleGetAscendingNumbersInTheOrderGiven,
		knownPeopleKeepTheirNumberAndDateOfCreation,
		peopleAreListedPageByPage,
		anAccountIsReadWithItsPlaceInEveryCampaign,
		peopleAreCountedByTheLanguageTheySpeak,
		aDeletedPersonIsGoneAndItsNumberNotGivenAgain,
		enrollingPassesOverThoseWhoAreIn,
		enrollmentsAreFoundByPersonAndCampaign,
		everyFieldOfAnEnrollmentIsKept,
		dueEnrollmentsAreWalkedInOrderOfTimeThenNumber,
		dueIsTheSameInEveryZone,
		accountsAreFoundByTheirOwner,
		whoWaitsForANoticeIsListed,
		failuresAreCountedUntilTheyEnd,
		contactsAreKeptApartAndErased,
		deliveriesMoveFromStateToState,
		followersAndWalksKeepTheirPlace,
		whoFailedTooOftenIsNotDue,
		aMoveWritesEverythingThatGoesWithIt,
		aChangeCarriesThePositionAsItIsNow,
		aMoveOfARowThatMovedOnWritesNothing,
		aRowThatStandsTwiceIsMovedOnce,
		talliesGoToTheDayInUTC,
		transitionsAreListedNewestFirst,
		noticesAreListedNewestFirst,
		whatASweepTellsIsANotice,
		aMoveWritesOnlyWhatItChanges,
		manyMovesAtOnceWriteWhatEachSays,
		responsesAreKeptWithTheirEvidence,
		aKeyAReceiptAndAPlaceInTheLogAreUsedOnce,
		aPageIsStoredOnce,
		aPersonHasOnePseudonymKey,
		aTokenIsSpentOnceAndForgottenWhenItHasExpired,
		aSessionEndsByItsIDByItsPersonAndWithTheAccount,
		theLogMovesByCompareAndSet,
		keysAreFoundByHashAndRevokedOnce,
		staffAreAddedOnce,
		staffAreFoundByAddressAndAccount,
		actsAreListedNewestFirst,
		runsStartAndFinishOnce,
		aBreakerIsSetAnew,
		restrictionsAreCountedByTheHour,
		webhooksKeepTheirPlaceWhateverElseChanges,
		lettersAreKeptUntilTheyEndAndGoWithTheirWebhook,
		pointsAreKeptAsTheyLastSpoke,
		tracesLeadToRecordsUntilTheyAreErased,
		erasuresAreListedUntilTheyAreScrubbed,
		aPauseHoldsUntilItIsTakenBack,
		aLeaseHasOneHolderAndItsFenceOnlyGrows,
		aFailedUpdateLeavesNothing,
		aMissedWriteCannotBeCommittedAnyway,
		aTransactionSeesItsOwnWritesAndAViewOnlyWhatIsCommitted,
		writersTakeTurnsAndRevisionsHaveNoGaps,
		aFollowerBesideManyWritersMissesNothing,
		changesAreReadInOrderAndByPage,
		aWriterThatCannotWaitGivesUp,
		countsEqualARecountAfterRandomMoves,
	} {
		name := runtime.FuncForPC(reflect.ValueOf(check).Pointer()).Name()
		t.Run(name[strings.LastIndex(name, ".")+1:], func(t *testing.T) {
			t.Parallel()
			check(&store{t, open(t), context.Background()})
		})
	}
}
