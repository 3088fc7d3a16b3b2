package spreadsheet

import "testing"

func TestHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"kererū, size a=1":            "kererū, size a=1",
		`=HYPERLINK("http://x","y")`:  `'=HYPERLINK("http://x","y")`,
		"+64 21":                      "'+64 21",
		"-1+1":                        "'-1+1",
		"@SUM(A1)":                    "'@SUM(A1)",
		"\t=1":                        "' =1",
		"\r\n=1":                      "'  =1",
		"\u00a0\ufeff=1":              "'\u00a0\ufeff=1",
		"＝1":                          "'＝1",
		"\x1b[31mred\u2028\xffa\nb=1": " [31mred \ufffda b=1",
	} {
		if got := Harmless(text); got != want {
			t.Errorf("Harmless(%q) = %q, want %q", text, got, want)
		}
	}
}
