package usagetest

import (
	"iter"
	"slices"
	"sync"

	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/usage"
)

// sameAgain folds a series over and over: with the transformer that folded it,
// with another, and while another series is folded by the same.
func sameAgain(b *transformerBench) {
	used := b.new()
	one := func() usage.Transformer { return used }
	b.series(func(t *rapid.T, samples []usage.Sample, whole folded) {
		for range 3 {
			wantSame(t, "a series that is folded again", whole, fold(one, samples))
		}
		wantSame(t, "a series between the windows of another", whole, between(used, samples, b.draw(t)))
	})
}

// between folds a series, a window at a time, in turns with another.
func between(tr usage.Transformer, samples, others []usage.Sample) (f folded) {
	next, stop := iter.Pull2(usage.Walk(tr, seriesBegin, usage.State{}, others, seriesEnd))
	defer stop()
	for step, err := range usage.Walk(tr, seriesBegin, usage.State{}, samples, seriesEnd) {
		if err != nil {
			f.err = err
			return f
		}
		f.steps = append(f.steps, step)
		next()
	}
	return f
}

func samplesStay(b *transformerBench) {
	rapid.Check(b.TB, func(t *rapid.T) {
		samples := b.draw(t)
		before := contents(samples)
		fold(b.new, samples)
		for i, c := range contents(samples) {
			if c != before[i] {
				t.Fatalf("sample %d was\n\t%s\nand was changed to\n\t%s", i+1, before[i], c)
			}
		}
	})
}

// cutAnywhere resumes at random borders, each time with a transformer that
// knows nothing but the state.
func cutAnywhere(b *transformerBench) {
	b.series(func(t *rapid.T, samples []usage.Sample, whole folded) {
		wantSame(t, "a series that is folded in parts", whole, fold(b.new, samples, drawCuts(t)...))
	})
}

func originsAreNothing(b *transformerBench) {
	b.series(func(t *rapid.T, samples []usage.Sample, whole folded) {
		wantSame(t, "a series that was read elsewhere, and in another order", whole, fold(b.new, again(t, samples)))
	})
}

// seriesSideBySide folds series at the same time: the engine has many under way.
func seriesSideBySide(b *transformerBench) {
	used := b.new()
	one := func() usage.Transformer { return used }
	b.series(func(t *rapid.T, samples []usage.Sample, whole folded) {
		all := [][]usage.Sample{samples, b.draw(t), samples, b.draw(t), samples}
		got := make([]folded, len(all))
		var group sync.WaitGroup
		for i := range all {
			group.Go(func() { got[i] = fold(one, all[i]) })
		}
		group.Wait()
		for i := 0; i < len(all); i += 2 {
			wantSame(t, "a series beside others", whole, got[i])
		}
	})
}

// keysAreAll folds a series without the metadata that is not asked for, as a
// source may yield it.
func keysAreAll(b *transformerBench) {
	user, ok := b.new().(usage.KeyUser)
	if !ok {
		b.Skip("needs a usage.KeyUser")
	}
	keys := user.Keys()
	b.series(func(t *rapid.T, samples []usage.Sample, whole folded) {
		short := slices.Clone(samples)
		for i := range short {
			all := short[i].Metadata
			short[i].Metadata = map[string]string{}
			for _, key := range keys {
				if text, ok := all[key]; ok {
					short[i].Metadata[key] = text
				}
			}
		}
		wantSame(t, "a series with the keys of metadata that Keys tells", whole, fold(b.new, short))
	})
	if again := user.Keys(); !slices.Equal(keys, again) {
		b.Errorf("Keys are %q, and then %q", keys, again)
	}
}

// namesLookedUp gives the transformer names of every text that it may look up.
func namesLookedUp(b *transformerBench) {
	user, ok := b.new().(usage.NameUser)
	if !ok {
		b.Skip("needs a usage.NameUser")
	}
	kind := user.NameKind()
	if !slices.Contains([]usage.NameKind{usage.FlavorNames, usage.VolumeTypeNames, usage.PolicyNames}, kind) {
		b.Fatalf("its NameKind is %q, which no source knows", kind)
	}
	named := func(suffix string) map[string]string {
		names := map[string]string{"r": "r" + suffix}
		for _, texts := range b.setup.Metadata {
			for _, text := range texts {
				names[text] = text + suffix
			}
		}
		return names
	}
	with := func(names map[string]string) func() usage.Transformer {
		return func() usage.Transformer { return user.WithNames(names) }
	}
	first := func() usage.Transformer { return with(named(" first"))().(usage.NameUser).WithNames(named(" second")) }
	b.series(func(t *rapid.T, samples []usage.Sample, whole folded) {
		wantSame(t, "a series under no more names", whole, fold(with(nil), samples))
		wantSame(t, "a series under names, and then others of the same things", fold(with(named(" first")), samples), fold(first, samples))
		wantSame(t, "a series after WithNames was called", whole, fold(func() usage.Transformer { return user.(usage.Transformer) }, samples))
	})
	before, after := abilities(b.new()), abilities(user.WithNames(nil))
	if before != after {
		b.Errorf("what WithNames returns has the abilities %v, and it has %v itself (KeyUser, GapFinder, NameUser)", after, before)
	}
}

// abilities are whether a transformer is a KeyUser, a GapFinder and a NameUser.
func abilities(t usage.Transformer) (all [3]bool) {
	_, all[0] = t.(usage.KeyUser)
	_, all[1] = t.(usage.GapFinder)
	_, all[2] = t.(usage.NameUser)
	return all
}
