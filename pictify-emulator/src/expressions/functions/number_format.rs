//! Functions that format numbers by locale.

use super::{
    super::{
        error::{UnlocatedError, shorten},
        values::computed,
    },
    Arguments, Category, Function, FunctionResult,
    currencies::{self, Placement},
    math::{read_decimals, round_to_decimals},
};
use icu_decimal::{DecimalFormatter, input::Decimal};
use icu_locale_core::Locale;

/// Maximum length of a locale name, in bytes.
const MAX_LOCALE_BYTES: usize = 35;

const NO_BREAK_SPACE: char = '\u{a0}';

/// Default locale.
const DEFAULT_LOCALE: &str = "en-US";

const fn format(
    signature: &'static str,
    count: (usize, usize),
    run: for<'a> fn(&mut Arguments<'a, '_>) -> FunctionResult<'a>,
    description: &'static str,
) -> Function {
    Function::new(Category::Format, signature, count, run, description)
}

pub(super) const TABLE: &[Function] = &[
    format(
        "currency(num, currencyCode, locale?)",
        (2, 3),
        currency,
        "An amount of money, as in $1,234.50; the locale is for example de-DE, by default en-US.",
    ),
    format(
        "number(num, locale?)",
        (1, 2),
        number,
        "A number with grouped digits and at most three decimals, as in 1,234.5.",
    ),
    format("percent(num, decimals?)", (1, 2), percent, "A fraction as percent: 0.25 is 25%."),
];

fn number<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    let digits = round_to_decimals(arguments.number(0)?, 3);
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    let locale = read_locale(arguments, 1)?;
    Ok(computed(format_digits(digits, &locale, arguments)?))
}

fn percent<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    let percent = arguments.number(0)? * 100.0;
    if !percent.is_finite() {
        return Err(arguments.error("the result is too large for a number"));
    }
    // A 64-bit float is exact to fifteen digits: 0.07 times 100 is 7, not 7.000000000000001.
    let percent = format!("{percent:.14e}").parse().unwrap_or(percent);
    let digits = round_to_decimals(percent, read_decimals(arguments, 1)?.unwrap_or(0));
    let locale = read_locale(arguments, usize::MAX)?;
    Ok(computed(format_digits(&digits, &locale, arguments)? + "%"))
}

fn currency<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    let code = arguments.text(1)?.to_ascii_uppercase();
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(arguments.invalid_argument(1, "a currency code of three letters, as in 'USD'"));
    }
    let amount = arguments.number(0)?;
    let locale = read_locale(arguments, 2)?;
    let digits = round_to_decimals(amount, currencies::decimals(&code));
    let unsigned = format_digits(digits.trim_start_matches('-'), &locale, arguments)?;
    let signed = format_digits(&digits, &locale, arguments)?;
    let sign = signed.strip_suffix(unsigned.as_str()).unwrap_or_default();
    let language = locale.id.language.as_str();
    let region = locale.id.region.map(|region| region.as_str().to_owned()).unwrap_or_default();
    let symbol = currencies::symbol(&code, &region);
    // A symbol that ends with a letter is separated from the digits in every language.
    let ends_with_letter = symbol.ends_with(char::is_alphabetic);
    let space = |wanted: bool| if wanted { NO_BREAK_SPACE.to_string() } else { String::new() };
    Ok(computed(match currencies::placement(language, &region) {
        Placement::After => format!("{signed}{NO_BREAK_SPACE}{symbol}"),
        Placement::Before => format!("{sign}{symbol}{}{unsigned}", space(ends_with_letter)),
        Placement::BeforeWithSpace => format!("{sign}{symbol}{NO_BREAK_SPACE}{unsigned}"),
        Placement::BeforeTheSign => {
            let separator = if sign.is_empty() { space(true) } else { String::new() };
            format!("{symbol}{separator}{signed}")
        }
        Placement::BeforeTheSignWithSpace => format!("{symbol}{NO_BREAK_SPACE}{signed}"),
    }))
}

/// Reads a locale argument.
fn read_locale(arguments: &Arguments<'_, '_>, index: usize) -> Result<Locale, UnlocatedError> {
    let name = arguments.text_or(index, DEFAULT_LOCALE)?;
    let locale = if name.len() > MAX_LOCALE_BYTES { None } else { Locale::try_from_str(&name).ok() };
    locale.ok_or_else(|| arguments.error(&format!("'{}' is not a locale: write for example 'en-US'", shorten(&name))))
}

/// Formats digits with the separators of a locale.
fn format_digits(digits: &str, locale: &Locale, arguments: &Arguments<'_, '_>) -> Result<String, UnlocatedError> {
    let formatter = DecimalFormatter::try_new(locale.into(), icu_decimal::options::DecimalFormatterOptions::default());
    let formatter = formatter.map_err(|error| arguments.error(&format!("the locale cannot be used: {error}")))?;
    let decimal = Decimal::try_from_str(digits).map_err(|error| arguments.error(&error.to_string()))?;
    Ok(formatter.format(&decimal).to_string())
}
