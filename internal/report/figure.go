package report

import (
	"fmt"
	"html/template"
	"math/big"
	"strings"

	"github.com/shopspring/decimal"
)

// thousands is how many digits of a figure stand together.
const thousands = 3

// figure is a figure as it is shown: the digits before the point in groups, and
// those after it in a column of their own width, so that points stand below one
// another. The groups and the width are the stylesheet's: the text is the figure
// as it is, and is copied as such. It is made of digits only, so it is no
// foreign text.
func figure(text string, fraction int) template.HTML {
	whole, rest, point := strings.Cut(text, ".")
	var b strings.Builder
	digits, negative := strings.CutPrefix(whole, "-")
	if negative {
		b.WriteByte('-')
	}
	first := (len(digits)-1)%thousands + 1
	if len(digits) <= thousands+1 { // 1234 reads well as it is
		first = len(digits)
	}
	b.WriteString(digits[:first])
	for i := first; i < len(digits); i += thousands {
		b.WriteString("<i>" + digits[i:i+thousands] + "</i>")
	}
	if point {
		rest = "." + rest
	}
	if fraction > 0 {
		fmt.Fprintf(&b, `<span class="f f%d">%s</span>`, fraction, rest)
	} else {
		b.WriteString(rest)
	}
	return template.HTML(b.String())
}

// maxFraction is how many digits after the point have a column: as many as
// value_digits may be, or currencies and price lists have.
const maxFraction = 18

// fraction is the width of the column of the digits after the point.
func fraction(figures ...decimal.Decimal) int {
	most := 0
	for _, d := range figures {
		_, rest, _ := strings.Cut(d.String(), ".")
		most = max(most, len(rest))
	}
	return min(most, maxFraction)
}

// barLength is how long the longest bar is.
const barLength = 1000

// bar is the length of a figure's bar in a picture where the longest stands for
// most. It is cut to a whole number: beside each bar the figure itself is told.
func bar(d, most decimal.Decimal) int {
	if most.Sign() <= 0 {
		return 0
	}
	exp := min(d.Exponent(), most.Exponent())
	length := new(big.Int).Quo(new(big.Int).Mul(scaled(d.Abs(), exp), big.NewInt(barLength)), scaled(most, exp))
	return min(int(length.Int64()), barLength)
}

// scaled is d x 10^-exp, where exp is no greater than d's own exponent.
func scaled(d decimal.Decimal, exp int32) *big.Int {
	factor := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.Exponent()-exp)), nil)
	return factor.Mul(factor, d.Coefficient())
}

// most is the greatest of figures, whatever their sign.
func most(figures ...decimal.Decimal) decimal.Decimal {
	greatest := decimal.Zero
	for _, d := range figures {
		if d.Abs().GreaterThan(greatest) {
			greatest = d.Abs()
		}
	}
	return greatest
}

// maxText is how many characters of a foreign text are shown: nobody reads a
// longer name, and it must not fill the page.
const maxText = 200

// short cuts a foreign text.
func short(text string) string {
	if len(text) <= maxText {
		return text
	}
	n := 0
	for i := range text {
		if n++; n > maxText {
			return text[:i] + "…"
		}
	}
	return text
}
