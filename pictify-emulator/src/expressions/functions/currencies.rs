//! Currency formats by locale.
//!
//! Digits are formatted with Unicode data. That data has no stable Rust interface for currencies yet, so these tables were
//! taken from the number format of a browser. Three things are simplified: marks for right-to-left text are omitted, the
//! symbol of a foreign currency is the one of American English, and amounts are grouped as other numbers, also in Austria.

/// Placement of the currency symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placement {
    /// `-$1.00`
    Before,
    /// `-R$ 1,00`
    BeforeWithSpace,
    /// `CHF-1.00`, but `CHF 1.00`
    BeforeTheSign,
    /// `€ -1,00`
    BeforeTheSignWithSpace,
    /// `-1,00 €`
    After,
}

/// Returns the placement of the symbol for a language and a region.
pub(super) fn placement(language: &str, region: &str) -> Placement {
    match (language, region) {
        ("de" | "it", "CH") | ("es", "CL" | "VE" | "EC") => Placement::BeforeTheSign,
        ("nl", _) | ("es", "PY") => Placement::BeforeTheSignWithSpace,
        ("en", "AU" | "AT")
        | ("de", "AT" | "LI")
        | ("es", "MX" | "AR" | "CO" | "PE" | "US" | "419" | "UY" | "CR")
        | ("sw" | "ne" | "mn", _) => Placement::BeforeWithSpace,
        ("pt", region) if region != "PT" => Placement::BeforeWithSpace,
        (
            "de" | "fr" | "es" | "it" | "pt" | "da" | "is" | "lv" | "pl" | "cs" | "sk" | "hu" | "ro" | "bg" | "sr"
            | "bs" | "mk" | "sq" | "el" | "ru" | "uk" | "be" | "kk" | "az" | "ka" | "hy" | "vi" | "ca" | "gl" | "my"
            | "uz" | "sv" | "nb" | "no" | "nn" | "fi" | "et" | "lt" | "hr" | "sl" | "eu" | "he" | "ar",
            _,
        ) => Placement::After,
        _ => Placement::Before,
    }
}

/// Returns the number of decimals of a currency.
pub(super) fn decimals(code: &str) -> usize {
    match code {
        "BIF" | "CLP" | "COP" | "DJF" | "GNF" | "HUF" | "IDR" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF"
        | "UGX" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" => 4,
        _ => 2,
    }
}

/// Local symbols: region, currency code, symbol of that currency in the region.
const LOCAL_SYMBOLS: &[(&str, &str, &str)] = &[
    ("AR", "ARS", "$"),
    ("AU", "AUD", "$"),
    ("CA", "CAD", "$"),
    ("CL", "CLP", "$"),
    ("CN", "CNY", "¥"),
    ("CO", "COP", "$"),
    ("CZ", "CZK", "Kč"),
    ("DK", "DKK", "kr."),
    ("HU", "HUF", "Ft"),
    ("ID", "IDR", "Rp"),
    ("IS", "ISK", "kr."),
    ("JP", "JPY", "￥"),
    ("KE", "KES", "Ksh"),
    ("MX", "MXN", "$"),
    ("MY", "MYR", "RM"),
    ("NG", "NGN", "₦"),
    ("NO", "NOK", "kr"),
    ("NZ", "NZD", "$"),
    ("PE", "PEN", "S/"),
    ("PL", "PLN", "zł"),
    ("RU", "RUB", "₽"),
    ("SE", "SEK", "kr"),
    ("SG", "SGD", "$"),
    ("TH", "THB", "฿"),
    ("TR", "TRY", "₺"),
    ("TW", "TWD", "$"),
    ("UA", "UAH", "₴"),
    ("ZA", "ZAR", "R"),
];

/// Returns the symbol of a currency in a region.
pub(super) fn symbol<'c>(code: &'c str, region: &str) -> &'c str {
    if let Some((_, _, symbol)) = LOCAL_SYMBOLS.iter().find(|(home, local, _)| *home == region && *local == code) {
        return symbol;
    }
    match code {
        // In regions whose own currency uses `$`, the US dollar is written `US$`.
        "USD" if LOCAL_SYMBOLS.iter().any(|(home, _, symbol)| *home == region && *symbol == "$") => "US$",
        "USD" => "$",
        "EUR" => "€",
        "GBP" => "£",
        "JPY" => "¥",
        "CNY" => "CN¥",
        "INR" => "₹",
        "KRW" => "₩",
        "BRL" => "R$",
        "CAD" => "CA$",
        "AUD" => "A$",
        "NZD" => "NZ$",
        "MXN" => "MX$",
        "HKD" => "HK$",
        "TWD" => "NT$",
        "XCD" => "EC$",
        "ILS" => "₪",
        "VND" => "₫",
        "PHP" => "₱",
        "XAF" => "FCFA",
        "XOF" => "F\u{202f}CFA",
        "XPF" => "CFPF",
        other => other,
    }
}
