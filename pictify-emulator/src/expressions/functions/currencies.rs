//! How money is written where.
//!
//! The digits come from Unicode's data; that has no stable interface for money in Rust yet, so what follows was read off a
//! browser's number format. Three things are simpler here: marks for right-to-left text are left out, the symbol of a
//! foreign currency is the one that American English uses, and money is grouped as other numbers are, also in Austria.

/// Where the symbol stands.
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

/// How many decimals an amount has.
pub(super) fn decimals(code: &str) -> usize {
    match code {
        "BIF" | "CLP" | "COP" | "DJF" | "GNF" | "HUF" | "IDR" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF"
        | "UGX" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" => 4,
        _ => 2,
    }
}

/// Currencies at home: region, code, what people write there.
const HOME: &[(&str, &str, &str)] = &[
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

pub(super) fn symbol<'c>(code: &'c str, region: &str) -> &'c str {
    if let Some((_, _, symbol)) = HOME.iter().find(|(home, own, _)| *home == region && *own == code) {
        return symbol;
    }
    match code {
        // Where the own currency is a dollar or peso the American one says so.
        "USD" if HOME.iter().any(|(home, _, symbol)| *home == region && *symbol == "$") => "US$",
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
