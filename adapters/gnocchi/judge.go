package gnocchi

import (
	"fmt"
	"slices"
)

// judge returns the measures of a job that can be right, and what is wrong with
// the others, or with all. Where only that there is a measure counts, values are
// not judged.
func (got *measured) judge(j job) ([]measure, error) {
	list, err := got.measures[j.metric], got.mistakes[j.metric]
	isWrong := func(m measure) bool { return m.wrong != nil }
	if i := slices.IndexFunc(list, isWrong); i >= 0 && !j.meterOf.presence {
		first := list[i].wrong
		right := slices.DeleteFunc(slices.Clone(list), isWrong) // another meter may be made of the same metric
		if err == nil {
			err = fmt.Errorf("metric %s: %w (%d of its measures are wrong; delete it in Gnocchi, with all that was measured and not yet collected, or leave the meter out: meter.%s = none)",
				quote(j.metric), first, len(list)-len(right), j.meter)
		}
		list = right
	}
	if err != nil {
		err = fmt.Errorf("%s %s, %s: %w", j.meterOf.resource, quote(j.resource.name), j.metricName(), err)
	}
	return list, err
}

// metricName is what a job's metric is called.
func (j job) metricName() string {
	for _, name := range j.meterOf.metrics {
		if j.resource.metrics[name] == j.metric {
			return name
		}
	}
	return j.meter
}
