"""What a browser is, from what it says of itself: "Firefox on Linux"."""

from django.utils.text import Truncator
from django.utils.translation import gettext as _

# In this order: most say that they are several, and what a browser really is stands before what it is like.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "OPT/": "Opera",
    "Vivaldi/": "Vivaldi",
    "YaBrowser/": "Yandex Browser",
    "SamsungBrowser/": "Samsung Internet",
    "HuaweiBrowser/": "Huawei Browser",
    "MiuiBrowser/": "Mi Browser",
    "UCBrowser/": "UC Browser",
    "QQBrowser/": "QQ Browser",
    "MicroMessenger/": "WeChat",
    "DuckDuckGo/": "DuckDuckGo",
    "Ddg/": "DuckDuckGo",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "HarmonyOS": "HarmonyOS",
    "Android": "Android",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Macintosh": "macOS",
    "Linux": "Linux",
    "BSD": "BSD",
}
LONGEST = 60


def in_words(user_agent: str) -> str:
    """Return what a reader knows it by; of what we do not know, the beginning of what it says itself."""
    browser, system = _first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return Truncator(user_agent).chars(LONGEST) or _("A browser that does not say which")


def _first(names: dict[str, str], user_agent: str) -> str:
    return next((name for token, name in names.items() if token in user_agent), "")
