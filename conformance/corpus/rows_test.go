// rows_test.go: every kind of input that is known to have killed a server has
// its place, here or in a test that needs the inside of the server.

package corpus

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rows are all of them, by letter: e encoding, f filters and searches, c controls
// and extended operations, d names, entries, passwords and rights, l the life of
// connections and of the server.
func rows() (list []string) {
	for _, k := range []struct {
		letter string
		rows   int
	}{{"e", 16}, {"f", 12}, {"c", 8}, {"d", 13}, {"l", 6}} {
		for n := range k.rows {
			list = append(list, fmt.Sprintf("%s%02d", k.letter, n+1))
		}
	}
	return list
}

// elsewhere are the tests of rows that are no bytes on one connection, and of
// parts of rows that a file cannot have: a cookie that was given before, a
// handler that panics. A row that is not here is a file of testdata.
func elsewhere() map[string][]string {
	return map[string][]string{
		"c02": {"server TestCookiesThatAreNotGood", "server TestPageSizeZeroEndsAPagedSearch"},
		"c03": {"server TestAbandonedPagedSearchesAreForgotten"},
		"c06": {"server TestStartTLSWithOperationsInFlight", "server TestClearTextBehindStartTLSIsNotParsed"},
		"d01": {"conformance/corpus TestRenameOfALargeSubtree"},
		"d04": {"conformance/corpus TestSchemaTexts", "schema FuzzSchemaText"},
		"d13": {"server TestEveryoneReadsAllButPasswordsAndTwoIdentitiesWrite", "server TestRulesDifferFromEntryToEntry"},
		"e15": {"conformance/corpus TestEncodingsOfTheFreeASN1TestSuite"},
		"e16": {"conformance/corpus TestMessagesOfGoldapsErrorTable"},
		"f10": {"server TestClientThatWritesAndNeverReadsIsBounded", "server TestConsumerThatStopsReading"},
		"l01": {"conformance/corpus TestConnectionsComeAndGoTogether", "server TestConnectionsComeAndGoAtOnce"},
		"l02": {"conformance/corpus TestTenThousandRequestsAtOnce", "server TestInFlightLimitStopsReading"},
		"l03": {"server TestPanicEndsOneConnectionAlone", "server TestPanicInTheStoresGoroutineEndsOneConnectionAlone"},
		"l04": {"conformance/corpus TestDescriptorsRunOut", "server TestLimitsLeaveRoomForOtherFiles"},
		"l05": {"conformance/corpus TestMetricsWhileAllAreBusy"},
		"l06": {"conformance/corpus TestEndUnderLoad", "server TestShutdownCutsWhatDoesNotEndInTime"},
	}
}

// onlyElsewhere are the rows without a file.
const onlyElsewhere = "d04 l01 l02 l03 l04 l05 l06"

func TestEveryKnownKindOfInputHasItsPlace(t *testing.T) {
	tests, belong := elsewhere(), 0
	for _, row := range rows() {
		files, err := filepath.Glob(filepath.Join("testdata", row+"-*.txt"))
		if err != nil {
			t.Fatal(err)
		}
		if want := !strings.Contains(onlyElsewhere, row); (len(files) == 1) != want {
			t.Errorf("%s has the files %q", row, files)
		}
		if len(files)+len(tests[row]) == 0 {
			t.Errorf("%s has neither a file nor a test", row)
		}
		for _, place := range tests[row] {
			folder, name, _ := strings.Cut(place, " ")
			if !hasTest(t, filepath.Join("..", "..", folder), name) {
				t.Errorf("%s: %s has no %s", row, folder, name)
			}
		}
		belong += len(files)
		delete(tests, row)
	}
	all, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil || len(all) != belong || len(tests) != 0 {
		t.Errorf("%d files, %d of them belong to a row; tests without a row: %v; %v", len(all), belong, tests, err)
	}
}

// hasTest looks for a test function in a folder.
func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "func "+name+"(") {
			continue
		}
		src, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range src.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == name {
				return true
			}
		}
	}
	return false
}
