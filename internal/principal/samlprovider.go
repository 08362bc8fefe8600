package principal

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// CreateSAMLProvider makes an account trust a SAML provider.
func (s *Service) CreateSAMLProvider(ctx context.Context, c api.Caller, in *api.CreateSAMLProviderInput) (*api.CreateSAMLProviderOutput, error) {
	until, err := validUntil(in.SAMLMetadataDocument)
	if err != nil {
		return nil, err
	}
	e, err := s.newEntity(c, "", in.Name, "", in.Tags)
	if err != nil {
		return nil, err
	}
	return update(ctx, s, func(tx Tx) (*api.CreateSAMLProviderOutput, error) {
		p := &SAMLProvider{Entity: e.clone(), Metadata: in.SAMLMetadataDocument, ValidUntil: until}
		p.Created = tx.Now()
		if err := samlProviders.insert(tx, p); err != nil {
			return nil, err
		}
		return &api.CreateSAMLProviderOutput{SAMLProviderArn: p.ARN(), Tags: tagList(p.Tags)}, nil
	})
}

// GetSAMLProvider returns a provider with its metadata.
func (s *Service) GetSAMLProvider(ctx context.Context, c api.Caller, in *api.GetSAMLProviderInput) (*api.GetSAMLProviderOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.GetSAMLProviderOutput, error) {
		p, err := samlProviders.get(tx, c.Account, in.SAMLProviderArn)
		if err != nil {
			return nil, err
		}
		return &api.GetSAMLProviderOutput{
			SAMLMetadataDocument: p.Metadata, CreateDate: p.Created, ValidUntil: p.ValidUntil, Tags: tagList(p.Tags),
		}, nil
	})
}

// UpdateSAMLProvider replaces the metadata of a provider.
func (s *Service) UpdateSAMLProvider(ctx context.Context, c api.Caller, in *api.UpdateSAMLProviderInput) (*api.UpdateSAMLProviderOutput, error) {
	until, err := validUntil(in.SAMLMetadataDocument)
	if err != nil {
		return nil, err
	}
	return update(ctx, s, func(tx Tx) (*api.UpdateSAMLProviderOutput, error) {
		p, err := samlProviders.change(tx, c.Account, in.SAMLProviderArn, func(p *SAMLProvider) error {
			p.Metadata, p.ValidUntil = in.SAMLMetadataDocument, until
			return nil
		})
		if err != nil {
			return nil, err
		}
		return &api.UpdateSAMLProviderOutput{SAMLProviderArn: p.ARN()}, nil
	})
}

// DeleteSAMLProvider removes a provider.
func (s *Service) DeleteSAMLProvider(ctx context.Context, c api.Caller, in *api.DeleteSAMLProviderInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		p, err := samlProviders.get(tx, c.Account, in.SAMLProviderArn)
		if err != nil {
			return err
		}
		return samlProviders.remove(tx, p)
	})
}

// ListSAMLProviders returns the providers of the caller's account.
func (s *Service) ListSAMLProviders(ctx context.Context, c api.Caller, _ *api.ListSAMLProvidersInput) (*api.ListSAMLProvidersOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.ListSAMLProvidersOutput, error) {
		out := &api.ListSAMLProvidersOutput{SAMLProviderList: []api.SAMLProviderListEntry{}}
		for p, err := range samlProviders.after(tx, c.Account, "") {
			if err != nil {
				return nil, err
			}
			out.SAMLProviderList = append(out.SAMLProviderList, api.SAMLProviderListEntry{
				Arn: p.ARN(), ValidUntil: p.ValidUntil, CreateDate: p.Created,
			})
		}
		return out, nil
	})
}

// validUntil returns until when metadata says that it is valid; zero: it does not say.
// What does not describe an identity provider (SAML 2.0 Metadata, sections 2.3.2 and
// 2.4.3) is refused. Signatures in it are not verified: who may call the operation vouches
// for the document.
func validUntil(metadata string) (time.Time, error) {
	var entity struct {
		XMLName    xml.Name   `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
		EntityID   string     `xml:"entityID,attr"`
		ValidUntil time.Time  `xml:"validUntil,attr"`
		IDP        []struct{} `xml:"urn:oasis:names:tc:SAML:2.0:metadata IDPSSODescriptor"`
	}
	d := xml.NewDecoder(strings.NewReader(metadata))
	err := d.Decode(&entity)
	if err == nil {
		err = onlyBlanks(d)
	}
	switch {
	case err != nil:
		return time.Time{}, api.InvalidMetadata.With().Because(err)
	case entity.EntityID == "" || len(entity.IDP) == 0:
		return time.Time{}, api.InvalidMetadata.With()
	}
	return entity.ValidUntil.UTC().Truncate(time.Millisecond), nil
}

// onlyBlanks refuses what follows an XML document, but for what may.
func onlyBlanks(d *xml.Decoder) error {
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.Comment, xml.ProcInst:
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" {
				return errors.New("text after the root element")
			}
		default:
			return errors.New("a second root element")
		}
	}
}
