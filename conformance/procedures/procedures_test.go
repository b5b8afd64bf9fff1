// procedures_test.go: the stories, each from a group whose members are level.

package procedures

import "testing"

// siteUsers is the size of a larger site.
const siteUsers = 10_000

func TestProcedures(t *testing.T) {
	f := newFarm(t, siteUsers)
	for _, story := range []struct {
		name string
		tell func(*testing.T, *farm)
	}{
		{"PrimaryIsRebuiltWhileClientsWriteAndRead", rebuild},
		{"PrimaryIsRebuiltWithEveryStepTwiceAndTheNetworkCut", rebuildTwice},
		{"PrimaryIsRebuiltFromTheSecondaryThatHadLessAndThePowerFails", rebuildFromLess},
		{"SecondaryIsPromotedAndTheOldPrimaryComesBack", promote},
		{"SecondaryIsPromotedWithEveryStepTwiceAndTheNetworkCut", promoteTwice},
		{"SecondaryReturnsByItselfAfterTenThousandChanges", comeBack},
		{"SecondaryIsInstalledAnewAndTheNetworkCut", installAnew},
	} {
		t.Run(story.name, func(t *testing.T) {
			f.begin(t)
			story.tell(t, f)
		})
	}
}
