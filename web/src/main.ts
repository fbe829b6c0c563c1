import { mount } from 'svelte';
import './app.css';
import Root from './ui/Root.svelte';
import { app } from './app.svelte';
import { setLanguage } from './i18n/i18n.svelte';
import { apply, settings } from './settings.svelte';

apply();
void setLanguage(settings.language)
  .catch(() => undefined)
  .then(() => {
    mount(Root, { target: document.getElementById('app')! });
    void app.begin();
  });

// What was read stays readable without a connection, and a second start loads no file.
if ('serviceWorker' in navigator && import.meta.env.PROD) {
  addEventListener('load', () => void navigator.serviceWorker.register('/sw.js').catch(() => undefined));
}
