package ceilometer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/usage"
)

// An API yields the samples that the API of a Ceilometer has, in its second
// version: that of the clouds before Gnocchi. Its methods may be called
// concurrently.
type API struct {
	config  APIConfig
	cloud   *openstack.Cloud
	service *openstack.Service
	trusted trust
	now     func() time.Time
}

var (
	_ usage.Source        = (*API)(nil)
	_ usage.TenantLister  = (*API)(nil)
	_ usage.Names         = (*API)(nil)
	_ usage.HealthChecker = (*API)(nil)
	_ usage.Identifier    = (*API)(nil)
)

// NewAPI returns an API for the cloud of config. It asks nobody yet: a cloud
// that cannot be reached comes out of Samples and CheckHealth.
func NewAPI(_ context.Context, config APIConfig) (*API, error) {
	return newAPI(config, openstack.Options{})
}

func newAPI(config APIConfig, o openstack.Options) (*API, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	trusted, err := newTrust(config.TrustSources)
	if err != nil {
		return nil, err
	}
	cloud, err := config.Open(o)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &API{config: config, cloud: cloud, service: cloud.Service("metering", config.Endpoint), trusted: trusted, now: o.Now}, nil
}

// Close drops the connections.
func (a *API) Close() error { return a.cloud.Close() }

// Tenants yields the projects of the cloud that tenants.* take.
func (a *API) Tenants(ctx context.Context) iter.Seq2[usage.Tenant, error] {
	return a.cloud.Tenants(ctx)
}

// Names yields what Nova calls flavors, and Cinder volume types.
func (a *API) Names(ctx context.Context, of usage.NameKind) iter.Seq2[usage.Name, error] {
	return a.cloud.Names(ctx, of)
}

// Identity is where Ceilometer's API is, and of which tenants and senders it is
// read.
func (a *API) Identity(ctx context.Context) (usage.Identity, error) {
	return a.service.Identity(ctx, partOf(a.config.TrustSources)...)
}

// Samples yields the samples of the query's meters, day by day. What cannot be
// read comes as an error in between, one for each meter; it goes on with the
// others. It ends after ctx's error, and where the login is refused.
//
// Samples with the same metadata share one map, which must not be changed.
func (a *API) Samples(ctx context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	return func(yield func(usage.Sample, error) bool) {
		r, err := a.begin(ctx, q)
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			yield(usage.Sample{}, err)
			return
		}
		r.read(ctx, yield)
	}
}

// begin finds out what a query means at this time.
func (a *API) begin(ctx context.Context, q usage.Query) (*apiReading, error) {
	r := &apiReading{API: a, query: q, from: a.start(q.Collected), to: a.now().UTC().Truncate(time.Hour).Add(2 * time.Hour)}
	if !q.Before.IsZero() && q.Before.Before(r.to) {
		r.to = q.Before.UTC().Add(time.Microsecond - 1).Truncate(time.Microsecond) // as the API can be asked
	}
	endpoint, err := a.service.Endpoint(ctx)
	if err != nil {
		return nil, err
	}
	r.prefix = pathPrefix(endpoint.URL)
	fallback := a.config.Datacenter
	if fallback == "" {
		if fallback = endpoint.Region; fallback == "" {
			return nil, fmt.Errorf("%s: nothing tells the region of Ceilometer (set datacenter, or region)", a.cloud)
		}
	}
	if r.place, err = newPlacing(fallback, a.config.Rules); err != nil {
		return nil, err
	}
	if r.shape, err = a.findShape(ctx, r.prefix); err != nil {
		return nil, err
	}
	if len(q.Meters) == 0 && r.shape == shapeMeters {
		return nil, fmt.Errorf("%s: this Ceilometer tells samples by meter only: say which meters", a.cloud)
	}
	if r.tenants, err = a.cloud.Select(ctx, q.Collected); err != nil {
		return nil, err
	}
	return r, nil
}

// start is from when on samples are read. The first reading of all goes back to
// when billing begins, however long ago that is. Later, those that were collected
// before, and are not late any more, are left. A tenant that was held back lags behind the
// others, and all is read from where it stands, however long ago that is.
func (a *API) start(collected map[string]time.Time) time.Time {
	from := a.now().UTC().Add(-a.config.Lookback)
	if mark, all := earliest(collected); !mark.IsZero() {
		settled := mark.UTC().Add(-a.config.Late)
		if settled.Before(from) || all && settled.Before(a.now()) {
			from = settled
		}
	}
	first := len(collected) == 0 && !a.config.Since.IsZero()
	if from = from.Truncate(usage.WindowLength); first || from.Before(a.config.Since) {
		from = a.config.Since.UTC()
	}
	return from
}

// earliest returns the earliest of the marks that have a time, and whether all
// have one: where one has none, of a meter nothing was collected.
func earliest(marks map[string]time.Time) (earliest time.Time, all bool) {
	all = true
	for _, through := range marks {
		switch {
		case through.IsZero():
			all = false
		case earliest.IsZero() || through.Before(earliest):
			earliest = through
		}
	}
	return earliest, all
}

// pathPrefix is what comes before samples and meters: some catalogs have the
// version in the endpoint.
func pathPrefix(endpoint *url.URL) string {
	if path := strings.TrimRight(endpoint.Path, "/"); strings.HasSuffix(path, "/v2") {
		return ""
	}
	return "v2/"
}

// findShape asks whether there are samples, unless the config says so.
func (a *API) findShape(ctx context.Context, prefix string) (string, error) {
	if a.config.Shape != shapeAuto {
		return a.config.Shape, nil
	}
	answer, err := a.service.Do(ctx, openstack.Request{
		Path:   prefix + "samples",
		Query:  url.Values{"limit": {"1"}},
		Accept: []int{http.StatusNotFound},
	})
	switch {
	case err != nil:
		return "", err
	case answer.Status == http.StatusNotFound:
		return shapeMeters, nil
	}
	return shapeSamples, nil
}

// CheckHealth tells whether the login works, what the cloud's own checks tell,
// and whether samples can be asked for.
func (a *API) CheckHealth(ctx context.Context) iter.Seq2[string, error] {
	return a.cloud.CheckHealth(ctx, a.service, func(yield func(string, error) bool) {
		yield("samples", a.checkSamples(ctx))
	})
}

// checkSamples asks for a sample, as collect does.
func (a *API) checkSamples(ctx context.Context) error {
	r, err := a.begin(ctx, usage.Query{Meters: []string{"instance"}})
	if err != nil {
		return err
	}
	reader := newAPIReader(r)
	reader.limit = 1
	all, _, err := reader.page(ctx, span{meter: "instance", from: r.to.Add(-time.Hour), to: r.to})
	errs := []error{err}
	for _, f := range all {
		errs = append(errs, f.err)
	}
	return errors.Join(errs...)
}
