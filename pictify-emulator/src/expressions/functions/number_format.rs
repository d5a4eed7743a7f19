//! Functions that write numbers for people, in the language and country that a locale names.

use super::{
    super::{
        error::{Fault, shorten},
        values::{Item, made},
    },
    Arguments, Category, Function,
    currencies::{self, Placement},
    numbers::{decimals, rounded},
};
use icu_decimal::{DecimalFormatter, input::Decimal};
use icu_locale_core::Locale;

type Outcome<'a> = Result<Item<'a>, Fault>;

const NO_BREAK_SPACE: char = '\u{a0}';

/// The locale of who names none.
const USUAL: &str = "en-US";

const fn format(
    signature: &'static str,
    count: (usize, usize),
    run: for<'a> fn(&mut Arguments<'a, '_>) -> Outcome<'a>,
    description: &'static str,
) -> Function {
    Function::new(Category::Format, signature, count, run, description)
}

pub(super) const TABLE: &[Function] = &[
    format(
        "currency(num, currencyCode, locale?)",
        (2, 3),
        currency,
        "An amount of money, as in $1,234.50; the locale is such as de-DE, else en-US.",
    ),
    format(
        "number(num, locale?)",
        (1, 2),
        number,
        "A number with grouped digits and at most three decimals, as in 1,234.5.",
    ),
    format("percent(num, decimals?)", (1, 2), percent, "A share as percent: 0.25 is 25%."),
];

fn number<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let digits = rounded(arguments.number(0)?, 3);
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    let locale = locale(arguments, 1)?;
    Ok(made(grouped(digits, &locale, arguments)?))
}

fn percent<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let percent = arguments.number(0)? * 100.0;
    if !percent.is_finite() {
        return Err(arguments.fault("the result is too large for a number"));
    }
    // Fifteen digits are what a number surely has: 0.07 times 100 is 7, not 7.000000000000001.
    let percent = format!("{percent:.14e}").parse().unwrap_or(percent);
    let digits = rounded(percent, decimals(arguments, 1)?.unwrap_or(0));
    let locale = locale(arguments, usize::MAX)?;
    Ok(made(grouped(&digits, &locale, arguments)? + "%"))
}

fn currency<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let code = arguments.text(1)?.to_ascii_uppercase();
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(arguments.wrong(1, "the three letters of a currency, as in 'USD'"));
    }
    let amount = arguments.number(0)?;
    let locale = locale(arguments, 2)?;
    let digits = rounded(amount, currencies::decimals(&code));
    let unsigned = grouped(digits.trim_start_matches('-'), &locale, arguments)?;
    let signed = grouped(&digits, &locale, arguments)?;
    let sign = signed.strip_suffix(unsigned.as_str()).unwrap_or_default();
    let language = locale.id.language.as_str();
    let region = locale.id.region.map(|region| region.as_str().to_owned()).unwrap_or_default();
    let symbol = currencies::symbol(&code, &region);
    // Letters do not touch the digits in any language.
    let lettered = symbol.ends_with(char::is_alphabetic);
    let space = |wanted: bool| if wanted { NO_BREAK_SPACE.to_string() } else { String::new() };
    Ok(made(match currencies::placement(language, &region) {
        Placement::After => format!("{signed}{NO_BREAK_SPACE}{symbol}"),
        Placement::Before => format!("{sign}{symbol}{}{unsigned}", space(lettered)),
        Placement::BeforeWithSpace => format!("{sign}{symbol}{NO_BREAK_SPACE}{unsigned}"),
        Placement::BeforeTheSign => {
            let separator = if sign.is_empty() { space(true) } else { String::new() };
            format!("{symbol}{separator}{signed}")
        }
        Placement::BeforeTheSignWithSpace => format!("{symbol}{NO_BREAK_SPACE}{signed}"),
    }))
}

fn locale(arguments: &Arguments<'_, '_>, index: usize) -> Result<Locale, Fault> {
    let name = arguments.text_or(index, USUAL)?;
    let locale = if name.len() > 35 { None } else { Locale::try_from_str(&name).ok() };
    locale.ok_or_else(|| arguments.fault(&format!("'{}' is no locale: write one such as 'en-US'", shorten(&name))))
}

/// Digits as a language groups and points them.
fn grouped(digits: &str, locale: &Locale, arguments: &Arguments<'_, '_>) -> Result<String, Fault> {
    let formatter = DecimalFormatter::try_new(locale.into(), icu_decimal::options::DecimalFormatterOptions::default());
    let formatter = formatter.map_err(|error| arguments.fault(&format!("the locale cannot be used: {error}")))?;
    let decimal = Decimal::try_from_str(digits).map_err(|error| arguments.fault(&error.to_string()))?;
    Ok(formatter.format(&decimal).to_string())
}
