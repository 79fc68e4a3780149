//! Names the national ids: what a finding is called, and what the people of the country call them.

use super::Scheme;
use crate::redact::detector::Label;

impl Scheme {
    /// Every one.
    pub(crate) const ALL: [Self; 31] = [
        Self::AuMedicare,
        Self::AuTfn,
        Self::BeNrn,
        Self::BrCnpj,
        Self::BrCpf,
        Self::CaSin,
        Self::ChAhv,
        Self::CnRic,
        Self::CzRodneCislo,
        Self::DeSteuerId,
        Self::DkCpr,
        Self::EsDni,
        Self::EsNie,
        Self::FiHetu,
        Self::FrNir,
        Self::GbNhs,
        Self::GbNino,
        Self::IlId,
        Self::InAadhaar,
        Self::InPan,
        Self::ItCodiceFiscale,
        Self::KrRrn,
        Self::NlBsn,
        Self::NoFodselsnummer,
        Self::PlPesel,
        Self::PtNif,
        Self::SePersonnummer,
        Self::SgNric,
        Self::TrTckn,
        Self::UsSsn,
        Self::ZaId,
    ];

    /// What a finding is called.
    pub(crate) const fn label(self) -> Label {
        let (kind, id) = match self {
            Self::AuMedicare => ("personal.national_id.au_medicare", "au-medicare"),
            Self::AuTfn => ("personal.national_id.au_tfn", "au-tfn"),
            Self::BeNrn => ("personal.national_id.be_nrn", "be-nrn"),
            Self::BrCnpj => ("personal.national_id.br_cnpj", "br-cnpj"),
            Self::BrCpf => ("personal.national_id.br_cpf", "br-cpf"),
            Self::CaSin => ("personal.national_id.ca_sin", "ca-sin"),
            Self::ChAhv => ("personal.national_id.ch_ahv", "ch-ahv"),
            Self::CnRic => ("personal.national_id.cn_ric", "cn-ric"),
            Self::CzRodneCislo => ("personal.national_id.cz_rc", "cz-rodne-cislo"),
            Self::DeSteuerId => ("personal.national_id.de_steuer_id", "de-steuer-id"),
            Self::DkCpr => ("personal.national_id.dk_cpr", "dk-cpr"),
            Self::EsDni => ("personal.national_id.es_dni", "es-dni"),
            Self::EsNie => ("personal.national_id.es_nie", "es-nie"),
            Self::FiHetu => ("personal.national_id.fi_hetu", "fi-hetu"),
            Self::FrNir => ("personal.national_id.fr_nir", "fr-nir"),
            Self::GbNhs => ("personal.national_id.gb_nhs", "gb-nhs"),
            Self::GbNino => ("personal.national_id.gb_nino", "gb-nino"),
            Self::IlId => ("personal.national_id.il_id", "il-id"),
            Self::InAadhaar => ("personal.national_id.in_aadhaar", "in-aadhaar"),
            Self::InPan => ("personal.national_id.in_pan", "in-pan"),
            Self::ItCodiceFiscale => ("personal.national_id.it_cf", "it-codice-fiscale"),
            Self::KrRrn => ("personal.national_id.kr_rrn", "kr-rrn"),
            Self::NlBsn => ("personal.national_id.nl_bsn", "nl-bsn"),
            Self::NoFodselsnummer => ("personal.national_id.no_fnr", "no-fodselsnummer"),
            Self::PlPesel => ("personal.national_id.pl_pesel", "pl-pesel"),
            Self::PtNif => ("personal.national_id.pt_nif", "pt-nif"),
            Self::SePersonnummer => ("personal.national_id.se_pnr", "se-personnummer"),
            Self::SgNric => ("personal.national_id.sg_nric", "sg-nric"),
            Self::TrTckn => ("personal.national_id.tr_tckn", "tr-tckn"),
            Self::UsSsn => ("personal.national_id.us_ssn", "us-ssn"),
            Self::ZaId => ("personal.national_id.za_id", "za-id"),
        };
        Label { kind, id }
    }

    /// What it is called where it is used, in lower case; letters other than ASCII as they are.
    pub(crate) fn words(self) -> &'static [&'static str] {
        let entry = WORDS.iter().find(|(scheme, _)| *scheme == self);
        entry.map_or(&[], |(_, words)| words)
    }
}

/// The words for every id that a form with [`super::Evidence::Word`] asks for, and some more.
const WORDS: &[(Scheme, &[&str])] = &[
    (Scheme::AuMedicare, &["medicare"]),
    (Scheme::AuTfn, &["tfn", "tax file", "tax_file"]),
    (
        Scheme::BeNrn,
        &[
            "rijksregister",
            "registre national",
            "nrn",
            "rrn",
            "insz",
            "niss",
            "national number",
            "nationaal nummer",
        ],
    ),
    (Scheme::BrCnpj, &["cnpj"]),
    (Scheme::BrCpf, &["cpf", "cadastro de pessoa"]),
    (
        Scheme::CaSin,
        &[
            "sin",
            "nas",
            "social insurance",
            "social_insurance",
            "assurance sociale",
        ],
    ),
    (Scheme::ChAhv, &["ahv", "avs", "oasi"]),
    (Scheme::CnRic, &["身份证", "身份證", "resident id"]),
    (
        Scheme::CzRodneCislo,
        &["rodné číslo", "rodne cislo", "rodné čislo", "rodneho", "rc"],
    ),
    (
        Scheme::DeSteuerId,
        &[
            "steuer",
            "idnr",
            "identifikationsnummer",
            "tin",
            "tax id",
            "tax_id",
            "taxid",
        ],
    ),
    (Scheme::DkCpr, &["cpr", "personnummer"]),
    (Scheme::EsDni, &["dni"]),
    (Scheme::EsNie, &["nie"]),
    (Scheme::FiHetu, &["hetu", "henkilötunnus"]),
    (Scheme::FrNir, &["nir", "sécurité sociale", "insee"]),
    (Scheme::GbNhs, &["nhs", "chi number", "patient"]),
    (Scheme::GbNino, &["nino", "national insurance"]),
    (
        Scheme::IlId,
        &[
            "teudat",
            "zehut",
            "israeli id",
            "israel id",
            "תעודת זהות",
            "ת.ז",
            "mispar",
        ],
    ),
    (Scheme::InAadhaar, &["aadhaar", "aadhar", "uidai", "आधार"]),
    (Scheme::InPan, &["pan"]),
    (Scheme::ItCodiceFiscale, &["codice fiscale"]),
    (
        Scheme::KrRrn,
        &[
            "rrn",
            "jumin",
            "resident registration",
            "주민등록번호",
            "주민번호",
        ],
    ),
    (
        Scheme::NlBsn,
        &[
            "bsn",
            "burgerservice",
            "sofinummer",
            "sofi-nummer",
            "citizen service",
        ],
    ),
    (
        Scheme::NoFodselsnummer,
        &[
            "fødselsnummer",
            "fodselsnummer",
            "fnr",
            "personnummer",
            "d-nummer",
            "birth number",
        ],
    ),
    (Scheme::PlPesel, &["pesel"]),
    (
        Scheme::PtNif,
        &["nif", "contribuinte", "identificação fiscal"],
    ),
    (
        Scheme::SePersonnummer,
        &[
            "personnummer",
            "personnr",
            "pnr",
            "samordningsnummer",
            "personal identity",
        ],
    ),
    (Scheme::SgNric, &["nric", "fin"]),
    (Scheme::TrTckn, &["tckn", "tc kimlik", "t.c.", "kimlik"]),
    (
        Scheme::UsSsn,
        &[
            "ssn",
            "social security",
            "social_security",
            "socialsecurity",
            "itin",
            "taxpayer",
        ],
    ),
    (
        Scheme::ZaId,
        &[
            "id number",
            "id_number",
            "idnumber",
            "rsa id",
            "sa id",
            "identity number",
            "identity_number",
            "id no",
            "said",
        ],
    ),
];
