// The API's page: Swagger UI over our own description, from our own files.
const dark = () =>
  document.documentElement.classList.toggle("dark-mode", document.documentElement.dataset.bsTheme === "dark");
dark();
document.addEventListener("theme-changed", dark);
const place = document.getElementById("api-docs");
window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.url,
  deepLinking: true,
  persistAuthorization: false, // a typed key would stay in the browser after signing out
  validatorUrl: null,
});
