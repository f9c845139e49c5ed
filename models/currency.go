package models

// currencies holds the codes of ISO 4217's list one (currencies and funds in use, precious metals, XTS and XXX) and,
// since replays are of old orders, those withdrawn since 2010.
const currencies = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD " +
	"CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP " +
	"GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP " +
	"LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN " +
	"PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT " +
	"TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA XBB XBC XBD XCD " +
	"XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG " +
	"ANG BYR CUC EEK HRK LTL LVL MRO SLL STD VEF ZMK ZWL"

// currencySet has a bit for each of the 26^3 codes of three letters.
var currencySet = func() (set [26*26*26/64 + 1]uint64) {
	for i := 0; i < len(currencies); i += 4 {
		n := currencyIndex(currencies[i], currencies[i+1], currencies[i+2])
		set[n/64] |= 1 << (n % 64)
	}
	return set
}()

func currencyIndex(a, b, c byte) uint {
	return (uint(a-'A')*26+uint(b-'A'))*26 + uint(c-'A')
}

// KnownCurrency tells whether code is an upper-case ISO 4217 code, in use or withdrawn since 2010.
func KnownCurrency(code []byte) bool {
	if len(code) != 3 || code[0]-'A' > 25 || code[1]-'A' > 25 || code[2]-'A' > 25 {
		return false
	}
	n := currencyIndex(code[0], code[1], code[2])
	return currencySet[n/64]>>(n%64)&1 == 1
}
