//! Tells national ids from other numbers: by how they are grouped, what their digits must be, and,
//! where that is too little, a word near them.

mod lettered;
mod numeric;
mod words;

use super::context::is_near;
use super::number::{Digits, Group, MAX_GROUP_LEN, Phrase, span_of, stands_alone};
use super::row::Lengths;
use super::{Datum, Personal};

use Evidence::{Form as ByForm, Word};
use Scheme::*;
use Signs::{Exactly, None as Joined, Same};
pub(crate) use lettered::{lettered, spaced_nino};
use numeric::*;

/// The kinds of national ids that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scheme {
    /// Australia's Medicare card.
    AuMedicare,
    /// Australia's Tax File Number.
    AuTfn,
    /// Belgium's national register number.
    BeNrn,
    /// Brazil's company register.
    BrCnpj,
    /// Brazil's taxpayer number.
    BrCpf,
    /// Canada's Social Insurance Number.
    CaSin,
    /// Switzerland's AHV number.
    ChAhv,
    /// China's resident identity number.
    CnRic,
    /// Czechia's and Slovakia's birth number.
    CzRodneCislo,
    /// Germany's tax identification number.
    DeSteuerId,
    /// Denmark's person number.
    DkCpr,
    /// Spain's DNI.
    EsDni,
    /// Spain's NIE.
    EsNie,
    /// Finland's personal identity code.
    FiHetu,
    /// France's social security number.
    FrNir,
    /// The United Kingdom's NHS number.
    GbNhs,
    /// The United Kingdom's National Insurance number.
    GbNino,
    /// Israel's identity number.
    IlId,
    /// India's Aadhaar number.
    InAadhaar,
    /// India's Permanent Account Number.
    InPan,
    /// Italy's Codice Fiscale.
    ItCodiceFiscale,
    /// South Korea's resident registration number.
    KrRrn,
    /// The Netherlands' citizen service number.
    NlBsn,
    /// Norway's birth number and D-number.
    NoFodselsnummer,
    /// Poland's PESEL.
    PlPesel,
    /// Portugal's taxpayer number.
    PtNif,
    /// Sweden's personal identity number.
    SePersonnummer,
    /// Singapore's NRIC and FIN.
    SgNric,
    /// Turkey's identity number.
    TrTckn,
    /// The United States' Social Security Number and ITIN.
    UsSsn,
    /// South Africa's identity number.
    ZaId,
}

/// One way to write an id in digits.
struct Form {
    scheme: Scheme,
    /// Digits of each group.
    groups: &'static [usize],
    /// The same as a row has them.
    lengths: Lengths,
    /// The sign between each two groups; any of them, but the same throughout, where it has more
    /// than there are gaps.
    signs: Signs,
    evidence: Evidence,
    check: fn(&[u8]) -> bool,
}

/// The signs between groups.
enum Signs {
    /// There is one group only.
    None,
    /// The same one throughout, of these.
    Same(&'static [u8]),
    /// These, in this order.
    Exactly(&'static [u8]),
}

/// What it takes to believe that a number is an id.
#[derive(PartialEq, Eq)]
enum Evidence {
    /// Its form.
    Form,
    /// Its form and a word near it.
    Word,
}

/// The id that begins with group number `first` of `phrase`, whose groups from that one on have
/// `lengths`.
pub(crate) fn national_id(
    text: &[u8],
    phrase: &Phrase,
    first: usize,
    lengths: Lengths,
) -> Option<Datum> {
    let groups = phrase.groups().get(first..)?;
    let start = *groups.first()?;
    let fits = |form: &&Form| form.fits(lengths);
    forms(start.len).iter().filter(fits).find_map(|form| {
        let count = form.groups.len();
        let window = groups.get(..count)?;
        let end = *window.last()?;
        let datum = form.read(text, window, start, end)?;
        (!goes_on(text, phrase, first, count)).then_some(datum)
    })
}

impl Form {
    const fn fits(&self, lengths: Lengths) -> bool {
        lengths.begin_with(self.lengths, self.groups.len() as u32)
    }

    fn read(&self, text: &[u8], window: &[Group], start: Group, end: Group) -> Option<Datum> {
        if !self.has_signs(text, window) {
            return None;
        }
        if !stands_alone(text, start.start, end.end()) {
            return None;
        }
        let digits = Digits::of(text, start.start, end.end());
        if !(self.check)(digits.as_slice()) {
            return None;
        }
        let is_named = || is_near(text, start.start, end.end(), self.scheme.words());
        let confidence = match self.evidence {
            Evidence::Form => 80,
            Evidence::Word if is_named() => 90,
            Evidence::Word => return None,
        };
        Some(Datum {
            span: span_of(start, end)?,
            what: Personal::NationalId(self.scheme),
            confidence,
        })
    }

    fn has_signs(&self, text: &[u8], window: &[Group]) -> bool {
        let gaps = window.len().saturating_sub(1);
        let sign = |group: &Group| text.get(group.end()).copied();
        let signs = || window.iter().take(gaps).map(sign);
        match self.signs {
            Signs::None => true,
            Signs::Same(allowed) => {
                let first = signs().next().flatten();
                first.is_some_and(|first| allowed.contains(&first))
                    && signs().all(|sign| sign == first)
            }
            Signs::Exactly(wanted) => signs().eq(wanted.iter().copied().map(Some)),
        }
    }
}

/// Whether a row of several groups goes on in equal groups: a table of numbers, not an id.
fn goes_on(text: &[u8], phrase: &Phrase, first: usize, count: usize) -> bool {
    let groups = phrase.groups();
    let len = |at: usize| groups.get(at).map_or(0, |group| group.len);
    let sign = |at: usize| groups.get(at).and_then(|group| text.get(group.end()));
    let before = first.checked_sub(1);
    let repeats_before =
        before.is_some_and(|before| len(before) == len(first) && sign(before) == sign(first));
    let last = first + count - 1;
    let repeats_after = len(last + 1) == len(last) && sign(last) == sign(last.saturating_sub(1));
    count > 1 && (repeats_before || repeats_after)
}

const fn form(
    scheme: Scheme,
    groups: &'static [usize],
    signs: Signs,
    evidence: Evidence,
    check: fn(&[u8]) -> bool,
) -> Form {
    let mut lengths = Lengths::NONE;
    let mut rest = groups;
    while let Some((last, others)) = rest.split_last() {
        lengths = lengths.after(*last);
        rest = others;
    }
    Form {
        scheme,
        groups,
        lengths,
        signs,
        evidence,
        check,
    }
}

const DASH: Signs = Signs::Same(b"-");
const BLANK: Signs = Signs::Same(b" ");
const EITHER: Signs = Signs::Same(b" -");

/// The forms whose first group has `len` digits. The first that fits wins, so that those which need
/// no word come first, and the one without a check digit last.
const fn forms(len: usize) -> &'static [Form] {
    match len {
        1 => FORMS_1,
        2 => FORMS_2,
        3 => FORMS_3,
        4 => FORMS_4,
        6 => FORMS_6,
        8 => FORMS_8,
        9 => FORMS_9,
        10 => FORMS_10,
        11 => FORMS_11,
        12 => FORMS_12,
        13 => FORMS_13,
        14 => FORMS_14,
        15 => FORMS_15,
        18 => FORMS_18,
        _ => &[],
    }
}

/// For each length of a first group: a bit for each length of the second one that some id or card
/// has; bit 0 where the first may be all. Most groups are let go by this.
const SECONDS: [u32; MAX_GROUP_LEN + 1] = {
    let mut seconds = [0; MAX_GROUP_LEN + 1];
    let mut rest: &mut [u32] = &mut seconds;
    let mut len = 0;
    while let Some((bits, others)) = rest.split_first_mut() {
        // Cards are joined, or have groups of 4 and 4 to 6, or of 6 and 10.
        *bits = match len {
            4 => 1 << 4 | 1 << 5 | 1 << 6,
            6 => 1 << 10,
            13..=19 => 1,
            _ => 0,
        };
        let mut forms = forms(len);
        while let Some((form, others)) = forms.split_first() {
            *bits |= match form.groups {
                [_, second, ..] => 1 << *second,
                _ => 1,
            };
            forms = others;
        }
        len += 1;
        rest = others;
    }
    seconds
};

/// Whether some id or card may begin at `start`, where `lengths` are those of the groups.
#[inline]
pub(crate) fn may_begin(text: &[u8], start: usize, lengths: Lengths) -> bool {
    let (first, second) = (lengths.of(0), lengths.of(1));
    let bits = SECONDS.get(first).copied().unwrap_or(0);
    let is_pair = second > 0 && bits >> second & 1 == 1;
    let is_card = matches!((first, second), (4, 4..=6) | (6, 10));
    let fits = |form: &Form| form.groups.len() > 1 && form.fits(lengths);
    let may_be_all = || bits & 1 == 1 && stands_alone(text, start, start + first);
    is_pair && (is_card || forms(first).iter().any(fits)) || may_be_all()
}

const FORMS_1: &[Form] = &[form(FrNir, &[1, 2, 2, 2, 3, 3, 2], BLANK, ByForm, fr_nir)];
const FORMS_2: &[Form] = &[
    form(BeNrn, &[2, 2, 2, 3, 2], Exactly(b"..-."), ByForm, be_nrn),
    form(BrCnpj, &[2, 3, 3, 4, 2], Exactly(b"../-"), ByForm, br_cnpj),
    form(DeSteuerId, &[2, 3, 3, 3], BLANK, ByForm, de_steuer_id),
];
const FORMS_3: &[Form] = &[
    form(AuTfn, &[3, 3, 3], EITHER, Word, au_tfn),
    form(BrCpf, &[3, 3, 3, 2], Exactly(b"..-"), ByForm, br_cpf),
    form(CaSin, &[3, 3, 3], EITHER, Word, ca_sin),
    form(ChAhv, &[3, 4, 4, 2], Same(b". "), ByForm, ch_ahv),
    form(GbNhs, &[3, 3, 4], EITHER, ByForm, gb_nhs),
    form(PtNif, &[3, 3, 3], BLANK, Word, pt_nif),
    form(UsSsn, &[3, 2, 4], DASH, ByForm, us_ssn),
    form(UsSsn, &[3, 2, 4], BLANK, Word, us_ssn),
];
const FORMS_4: &[Form] = &[
    form(AuMedicare, &[4, 5, 1], EITHER, ByForm, au_medicare),
    form(InAadhaar, &[4, 4, 4], EITHER, ByForm, in_aadhaar),
    form(NlBsn, &[4, 2, 3], Same(b"."), ByForm, nl_bsn),
];
const FORMS_6: &[Form] = &[
    form(BeNrn, &[6, 3, 2], EITHER, ByForm, be_nrn),
    form(CzRodneCislo, &[6, 4], Same(b"/"), ByForm, cz_rodne_cislo),
    form(KrRrn, &[6, 7], DASH, ByForm, kr_rrn_form),
    form(NoFodselsnummer, &[6, 5], BLANK, ByForm, no_fodselsnummer),
    form(
        SePersonnummer,
        &[6, 4],
        DASH,
        ByForm,
        se_personnummer_no_time,
    ),
    form(SePersonnummer, &[6, 4], DASH, Word, se_personnummer),
    form(ZaId, &[6, 4, 3], BLANK, ByForm, za_id),
    form(ZaId, &[6, 4, 2, 1], BLANK, ByForm, za_id),
    form(DkCpr, &[6, 4], DASH, Word, dk_cpr),
];
const FORMS_8: &[Form] = &[
    form(IlId, &[8, 1], DASH, Word, il_id),
    form(
        SePersonnummer,
        &[8, 4],
        DASH,
        ByForm,
        se_personnummer_of_adult,
    ),
    form(SePersonnummer, &[8, 4], DASH, Word, se_personnummer),
];
const FORMS_9: &[Form] = &[
    form(AuTfn, &[9], Joined, Word, au_tfn),
    form(BrCpf, &[9, 2], DASH, ByForm, br_cpf),
    form(CaSin, &[9], Joined, Word, ca_sin),
    form(IlId, &[9], Joined, Word, il_id),
    form(NlBsn, &[9], Joined, Word, nl_bsn),
    form(PtNif, &[9], Joined, Word, pt_nif),
    form(UsSsn, &[9], Joined, Word, us_ssn),
];
const FORMS_10: &[Form] = &[
    form(AuMedicare, &[10], Joined, Word, au_medicare),
    form(CzRodneCislo, &[10], Joined, Word, cz_rodne_cislo),
    form(GbNhs, &[10], Joined, Word, gb_nhs),
    form(SePersonnummer, &[10], Joined, Word, se_personnummer),
    form(DkCpr, &[10], Joined, Word, dk_cpr),
];
const FORMS_11: &[Form] = &[
    form(BeNrn, &[11], Joined, Word, be_nrn),
    form(BrCpf, &[11], Joined, Word, br_cpf),
    form(DeSteuerId, &[11], Joined, Word, de_steuer_id),
    form(NoFodselsnummer, &[11], Joined, Word, no_fodselsnummer),
    form(PlPesel, &[11], Joined, Word, pl_pesel),
    form(TrTckn, &[11], Joined, Word, tr_tckn),
];
const FORMS_12: &[Form] = &[
    form(InAadhaar, &[12], Joined, Word, in_aadhaar),
    form(SePersonnummer, &[12], Joined, Word, se_personnummer),
];
const FORMS_13: &[Form] = &[
    form(ChAhv, &[13], Joined, ByForm, ch_ahv),
    form(FrNir, &[13, 2], BLANK, ByForm, fr_nir),
    form(KrRrn, &[13], Joined, Word, kr_rrn_form),
    form(ZaId, &[13], Joined, Word, za_id),
];
const FORMS_14: &[Form] = &[form(BrCnpj, &[14], Joined, Word, br_cnpj)];
const FORMS_15: &[Form] = &[form(FrNir, &[15], Joined, ByForm, fr_nir)];
const FORMS_18: &[Form] = &[form(CnRic, &[18], Joined, ByForm, cn_ric)];
